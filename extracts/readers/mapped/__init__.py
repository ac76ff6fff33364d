"""The reader behind `payrank import csv`: imports tables of any layout with a mapping."""
