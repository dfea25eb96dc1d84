"""A small world of offices and boxes in which custody's real operations meet crashes, repeated messages and thieves."""
