"""Scenario: replays of what happened, through the same files and operations as any other day."""
