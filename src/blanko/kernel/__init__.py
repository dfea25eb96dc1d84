"""Values that cannot be invalid: the words every other room speaks. No I/O, no Django."""
