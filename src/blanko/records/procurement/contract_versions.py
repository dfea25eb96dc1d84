"""A contract as it was signed and as addenda changed it, and which version a day sees. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from blanko.records.procurement.stock import Break, Planned

# Perpres 54/2010, article 87(3): what is added stays within a tenth of the price first agreed.
ADDED_PER_MILLE_MAX = 100


@dataclass(frozen=True, slots=True)
class Version:
    """A contract from a day on: blanks, whole rupiah, its price breaks and planned deliveries.

    ``new_schedule`` and ``new_prices``: this version brought its own, which the earlier ones do not have.
    ``added_per_mille``: by how many thousandths its total is above (or below) what was first agreed.
    """

    version: int
    from_date: date
    document: str
    reason: str
    quantity: int
    unit_price_idr: int
    total_idr: int
    ends_on: date | None
    new_schedule: bool
    new_prices: bool
    price_breaks: tuple[Break, ...]
    deliveries: tuple[Planned, ...]
    added_per_mille: int

    @property
    def above_the_limit(self) -> bool:
        """Whether more was added than the law allows for a tendered contract: shown, never refused."""
        return self.added_per_mille > ADDED_PER_MILLE_MAX

    def as_row(self) -> dict[str, Any]:
        """The version as a plain row, its breaks and deliveries as rows too."""
        return {
            **asdict(self), "price_breaks": [asdict(step) for step in self.price_breaks],
            "deliveries": [planned._asdict() for planned in self.deliveries], "above_the_limit": self.above_the_limit,
        }  # fmt: skip


def in_force(versions: Sequence[Version], day: date | None) -> Version:
    """The version that a day sees: the newest one that has begun, the first before any has, the last for no day."""
    begun = [version for version in versions if day is None or version.from_date <= day]
    return begun[-1] if begun else versions[0]
