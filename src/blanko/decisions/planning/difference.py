"""What differs between two rounds, and why, regency by regency. Pure: two published documents in, sentences out.

Why is found by computing the round again: first the new terms (release, stock, deadline) over the old areas, then the
regency's own new figures among the old ones; what is left came from the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blanko.decisions.planning import dossier, sharing
from blanko.decisions.planning.asked import Area, Terms

SHOWN = 20
TERMS = (
    "release", "stock", "deadline", "box_size", "part_boxes", "part_reserve", "reserve", "lot_min", "classes",
    "lending", "rule_version",
)  # fmt: skip
OWN = ("need", "in_hand", "in_transit", "earlier", "deadline", "claim", "wish", "first")


@dataclass(frozen=True, slots=True)
class Change:
    """One regency's share before and after (blanks), and what of it came from terms, its own figures, the others."""

    regency: str
    before: int
    after: int
    by_terms: int
    by_own: int
    by_others: int
    own: tuple[tuple[str, object, object], ...]

    @property
    def by(self) -> int:
        return self.after - self.before

    def sentence(self) -> str:
        """The change in English words, the largest reason first."""
        verb = "gains" if self.by > 0 else "loses"
        reasons = [
            (abs(self.by_terms), f"the release and its terms changed ({self.by_terms:+,})"),
            (abs(self.by_own), f"{_figures(self.own)} ({self.by_own:+,})"),
            (abs(self.by_others), f"the others' needs and holdings changed ({self.by_others:+,})"),
        ]
        told = [text for size, text in sorted(reasons, key=lambda item: -item[0]) if size]
        return f"{self.regency} {verb} {abs(self.by):,} because {'; '.join(told)}."


@dataclass(frozen=True, slots=True)
class Difference:
    """Two rounds side by side. ``changes`` are the largest first, ``changed`` how many regencies differ at all."""

    shared_before: int
    shared_after: int
    terms: tuple[tuple[str, object, object], ...]
    changed: int
    changes: tuple[Change, ...]


def difference(before: bytes, after: bytes, *, shown: int = SHOWN) -> Difference:
    """Compare two published rounds (dossiers or documents). Raises NotADossier."""
    old, new = dossier.published(before), dossier.published(after)
    old_areas, new_areas = _areas(old), _areas(new)
    both = sorted(set(old_areas) | set(new_areas))
    shares_old, shares_new = _shares(old["shares"]), _shares(new["shares"])
    differing = sorted(
        (code for code in both if shares_old.get(code, 0) != shares_new.get(code, 0)),
        key=lambda code: (-abs(shares_new.get(code, 0) - shares_old.get(code, 0)), code),
    )
    terms = dossier.terms_of(new)
    with_terms = _computed(list(old_areas.values()), terms)
    changes = []
    for code in differing[:shown]:
        own = with_terms
        if code in new_areas:
            own = _computed([*(area for other, area in old_areas.items() if other != code), new_areas[code]], terms)
        first, last = shares_old.get(code, 0), shares_new.get(code, 0)
        by_terms = with_terms.get(code, 0) - first
        by_own = own.get(code, 0) - with_terms.get(code, 0)
        changes.append(
            Change(
                code, first, last, by_terms, by_own, last - first - by_terms - by_own,
                _changed(_row(old, code), _row(new, code), OWN),
            )
        )  # fmt: skip
    return Difference(
        sum(shares_old.values()), sum(shares_new.values()),
        _changed(old["terms"], new["terms"], TERMS),
        len(differing), tuple(changes),
    )  # fmt: skip


def _areas(document: Mapping[str, Any]) -> dict[str, Area]:
    return {share["regency"]: dossier.area_of(share) for share in document["shares"]}


def _shares(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {str(row["regency"]): int(row["share"]) for row in rows}


def _computed(areas: list[Area], terms: Terms) -> dict[str, int]:
    """Shares by the rule. Where nobody has the deadline any more, nobody gets anything of its stage."""
    if terms.deadline is not None and not any(area.deadline == terms.deadline for area in areas):
        return {}
    return _shares(sharing.draft(areas, terms).shares)


def _row(document: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    return next((share for share in document["shares"] if share["regency"] == code), {})


def _changed(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Sequence[str]
) -> tuple[tuple[str, object, object], ...]:
    return tuple((name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _figures(own: Sequence[tuple[str, object, object]]) -> str:
    if not own:
        return "its place in ties changed"
    return ", ".join(
        f"its {name.replace('_', ' ')} went from {_told(before)} to {_told(after)}" for name, before, after in own
    )


def _told(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "none")
