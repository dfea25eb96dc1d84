"""Suket: the temporary certificate of a recorded person who waits for a card."""
