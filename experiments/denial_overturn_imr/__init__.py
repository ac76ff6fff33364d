"""Overturned denials of California, 2001 on: which does an independent reviewer overturn?"""
