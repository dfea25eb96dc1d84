"""What a plan leads to: when blanks run out, how sure that is, and what to order by when."""
