"""Audit: one event for each operation, written before its facts and sealing them."""
