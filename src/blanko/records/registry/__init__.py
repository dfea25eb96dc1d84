"""Persons, their records, and each record's way through SIAK's statuses."""
