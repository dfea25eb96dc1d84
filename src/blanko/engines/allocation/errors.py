"""What the rule refuses."""

from __future__ import annotations

from blanko.kernel.errors import BlankoError


class InvalidNeed(BlankoError, ValueError):
    """A need, a holding or a stock that the rule cannot share by."""


class OverrideRefused(BlankoError, ValueError):
    """A share may differ from the rule only with a reason and two different officers."""


class UnknownPolicy(BlankoError, ValueError):
    """No policy, or no version of it, has this name."""


class NoRuleThen(BlankoError, LookupError):
    """The policy had no version yet on the day that was asked for."""


class InvalidTerms(BlankoError, ValueError):
    """Terms of a round that contradict each other or lack their reason: a reserve, a class, a claim, a lot."""


class InvalidPlan(BlankoError, ValueError):
    """An outlook that no plan can be made of: a negative number, a wrong shape, a lead time below zero."""
