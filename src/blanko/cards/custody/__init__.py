"""Custody: where every box and every blank is, and through whose hands it went."""
