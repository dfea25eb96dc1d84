"""How many cards will be asked for, why, where and when, and how sure that is."""
