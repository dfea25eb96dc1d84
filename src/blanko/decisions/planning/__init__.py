"""Planning: rounds that share scarce blanks, explain themselves, and become sealed boxes on their way."""
