"""Issuance: a blank becomes a card for one person, and the card reaches its hand."""
