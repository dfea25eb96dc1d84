"""Who is owed a card, why, since when, and what blocks it."""
