"""Places: areas with their dates, and the offices in them."""
