"""What is refused of a history, a prior or a rate."""

from __future__ import annotations

from blanko.kernel.errors import BlankoError


class InvalidHistory(BlankoError, ValueError):
    """A history holds what cannot have been seen: a negative count, a wrong shape, an unknown area."""


class InvalidRate(BlankoError, ValueError):
    """A rate, a share or a prior that cannot be: over 1, below 0, without who or why."""
