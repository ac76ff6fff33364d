"""The reader of `payrank import csv`: tables of any shape, by a mapping."""
