"""Finds the records that belong to one person. Arrow in, scored links and clusters out; knows no database."""
