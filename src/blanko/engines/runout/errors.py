"""What is refused of a plan that is to be tried."""

from __future__ import annotations

from blanko.kernel.errors import BlankoError


class InvalidPlan(BlankoError, ValueError):
    """A plan holds what no plan can: a negative stock, a rate over 1, a delivery without quantity."""
