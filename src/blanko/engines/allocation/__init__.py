"""Allocation: divides scarce blanks among areas by the published rule, and says why."""

from blanko.engines.allocation.errors import InvalidNeed, OverrideRefused
from blanko.engines.allocation.rules import check_override, dispatch_by
from blanko.engines.allocation.share import RULE_VERSION, Allocation, AreaNeed, AreaShare, allocate
from blanko.engines.allocation.stages import Stage, StagedAllocation, allocate_stages

__all__ = [
    "RULE_VERSION",
    "Allocation",
    "AreaNeed",
    "AreaShare",
    "InvalidNeed",
    "OverrideRefused",
    "Stage",
    "StagedAllocation",
    "allocate",
    "allocate_stages",
    "check_override",
    "dispatch_by",
]
