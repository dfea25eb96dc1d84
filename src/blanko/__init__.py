"""blanko runs the cards of a national identity-card programme, from the register to the holder's hand."""

__version__ = "0.1.0"
