"""Cases: records that may be, or are, one person's, settled with the person."""
