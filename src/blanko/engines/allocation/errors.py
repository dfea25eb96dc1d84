"""What the rule refuses."""

from __future__ import annotations

from blanko.kernel.errors import BlankoError


class InvalidNeed(BlankoError, ValueError):
    """A need, a holding or a stock that the rule cannot share by."""


class OverrideRefused(BlankoError, ValueError):
    """A share may differ from the rule only with a reason and two different officers."""
