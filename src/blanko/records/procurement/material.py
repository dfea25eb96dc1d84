"""What a card is made of: parts with country, stage and days, and what each needs. The longest way is known. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from blanko.kernel.errors import InvalidValue

HOME: Final = "ID"
# ISO 3166 leaves ZZ to its users: a part from abroad whose country nobody has published.
ABROAD_UNKNOWN: Final = "ZZ"


class MaterialCycle(InvalidValue):
    """A part needs itself, by way of others."""


class UnknownPart(InvalidValue):
    """A part needs another that the list does not have."""


class PartTwice(InvalidValue):
    """Two parts go by one name."""


class BadPart(InvalidValue):
    """A part has no name or country, or takes a negative time."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part: where it is made, at which stage of a lot, in how many calendar days once all that it needs is there."""

    part: str
    title: str
    country: str
    stage: str
    lead_days: int
    needs: tuple[str, ...] = ()
    source: str = ""

    @property
    def is_abroad(self) -> bool:
        return self.country != HOME


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The chain of parts that decides the day: ``days`` in all, ``abroad_days`` of them outside the country."""

    parts: tuple[Part, ...]
    days: int
    abroad_days: int
    ready_days: dict[str, int]

    @property
    def share_abroad(self) -> float:
        """The part of the lead time that passes abroad, from 0 to 1."""
        return self.abroad_days / self.days if self.days else 0.0


def in_order(parts: Sequence[Part]) -> list[Part]:
    """The parts so that each follows all that it needs. Raises MaterialCycle, UnknownPart, PartTwice, BadPart."""
    by_name: dict[str, Part] = {}
    for part in parts:
        _check(part)
        if part.part in by_name:
            raise PartTwice("{part} stands twice", mend="name each part once", part=part.part)
        by_name[part.part] = part
    done: dict[str, Part] = {}
    for part in parts:
        _visit(part, by_name, done)
    return list(done.values())


def critical_path(parts: Sequence[Part]) -> CriticalPath:
    """The longest way through the parts; of ways equally long, the one with more days abroad. Raises as in_order."""
    ready: dict[str, tuple[int, int]] = {}
    before: dict[str, str | None] = {}
    ordered = in_order(parts)
    for part in ordered:
        last = max(part.needs, key=lambda need: ready[need], default=None)
        days, abroad = ready[last] if last is not None else (0, 0)
        ready[part.part] = (days + part.lead_days, abroad + (part.lead_days if part.is_abroad else 0))
        before[part.part] = last
    if not ordered:
        return CriticalPath((), 0, 0, {})
    by_name = {part.part: part for part in ordered}
    at: str | None = max(ready, key=lambda name: ready[name])
    assert at is not None
    days, abroad = ready[at]
    chain = []
    while at is not None:
        chain.append(by_name[at])
        at = before[at]
    return CriticalPath(tuple(reversed(chain)), days, abroad, {name: value[0] for name, value in ready.items()})


def _check(part: Part) -> None:
    if not part.part.strip() or part.lead_days < 0 or not (len(part.country) == 2 and part.country.isupper()):
        raise BadPart(
            "part {part} of country {country} takes {lead_days} days",
            mend="give a name, a country of two capital letters and days from 0 up",
            part=repr(part.part),
            country=repr(part.country),
            lead_days=part.lead_days,
        )


def _visit(start: Part, by_name: dict[str, Part], done: dict[str, Part]) -> None:
    """Depth first without recursion: a long chain of parts is no reason to fail."""
    path: list[str] = []
    waiting: list[tuple[Part, int]] = [(start, 0)]
    while waiting:
        part, at = waiting.pop()
        if at == 0:
            if part.part in done:
                continue
            if part.part in path:
                cycle = [*path[path.index(part.part) :], part.part]
                raise MaterialCycle(
                    "the parts need each other in a circle: {path}",
                    mend="take one of these needs out",
                    path=" -> ".join(cycle),
                )
            path.append(part.part)
        if at < len(part.needs):
            need = part.needs[at]
            if need not in by_name:
                raise UnknownPart(
                    "{part} needs {need}, which is no part",
                    mend="add {need}, or mend its name",
                    part=part.part,
                    need=need,
                )
            waiting += [(part, at + 1), (by_name[need], 0)]
        else:
            path.pop()
            done[part.part] = part
