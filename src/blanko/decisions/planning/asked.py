"""What a round is asked: the areas with all that counts for them, and the terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date

from blanko.decisions.planning.routes import Mode
from blanko.decisions.planning.rules import Need
from blanko.engines.allocation import RULE_VERSION


@dataclass(frozen=True, slots=True)
class Area:
    """Everything about one regency that goes into a round. ``requested`` is shown beside and decides nothing.

    ``claim`` are blanks that it put off in an earlier round (the oldest since ``claim_since``), ``wish`` what it asks
    to put off in this one (its number is ``wish_no``). ``first`` are people of its need by class. ``mode`` is how its
    blanks travel: by ``letter`` (surat tugas) its own officer fetches them on ``collect_on``.
    """

    need: Need
    in_hand: int = 0
    in_transit: int = 0
    requested: int | None = None
    deadline: date | None = None
    last_box_on: date | None = None
    transport_days: int = 0
    cards_a_day: int = 1
    claim: int = 0
    claim_since: date | None = None
    wish: int = 0
    wish_no: int | None = None
    first: Mapping[str, int] = field(default_factory=dict)
    mode: Mode = "courier"
    letter: str = ""
    collect_on: date | None = None
    lot_cost: int = 0
    blank_cost: int = 0

    @property
    def code(self) -> str:
        return self.need.regency


@dataclass(frozen=True, slots=True)
class Terms:
    """What a round is asked to do. ``deadline`` None: the release is for every area.

    ``part_reserve`` of the release is kept from whole boxes, for areas that need less than one. ``reserve`` blanks of
    the warehouse stay there, for ``reserve_for``. ``lot_min`` is the smallest lot worth sending. ``classes`` are served
    before everybody else. ``lending``: loans inside provinces are proposed.
    """

    title: str
    as_of: date
    release: int
    stock: int
    box_size: int
    part_boxes: bool
    deadline: date | None = None
    part_reserve: int = 0
    reserve: int = 0
    reserve_for: str = ""
    lot_min: int = 0
    classes: tuple[str, ...] = ()
    lending: bool = False
    rule_version: str = RULE_VERSION


# What the document of a round says of what it was asked to do.
TERMS = tuple(item.name for item in fields(Terms))
