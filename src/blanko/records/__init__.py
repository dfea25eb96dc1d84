"""The records floor: what comes in, and who is owed a card."""
