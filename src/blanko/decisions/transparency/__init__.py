"""Transparency: published figures, each with its base, date, source, and the day from which it was known."""
