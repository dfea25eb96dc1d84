"""The decisions floor: rounds, figures and replays."""
