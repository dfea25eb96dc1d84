"""The whole night: what cards and custody do (``cards.alerts.nightly``), and what cases wait for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from django.db.transaction import atomic

from blanko.cards.alerts import nightly as cards
from blanko.cards.alerts.nightly import NIGHTLY
from blanko.decisions.cases import effects, operations
from blanko.decisions.cases.operations import Opened, Overdue
from blanko.records.registry import dying
from blanko.records.registry.dying import Matched

PAPERS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Casework:
    """What a night did for cases: settled by the published rule, papers about deaths looked at again, cases opened."""

    overdue: Overdue = Overdue()
    papers: Matched = Matched()
    opened: Opened = Opened()


@dataclass(frozen=True, slots=True)
class Night(cards.Night):
    """A night of cards and custody, and its work on cases."""

    cases: Casework = Casework()


def nightly(*, at: datetime) -> Night:
    """Do the night's work of the day (Jakarta) of ``at``: cards and custody once a day, cases whenever it is called.

    Cases need no mark that they were done: a second run finds nothing.
    """
    night = cards.nightly(at=at)
    said = {field.name: getattr(night, field.name) for field in fields(cards.Night)}
    return Night(**said, cases=casework(by=NIGHTLY, at=at))


def casework(*, by: str, at: datetime) -> Casework:
    """Let the published rule choose where nobody answered in time; look again at papers about deaths that meant nobody,
    since persons came meanwhile; and look for cases and notices. One transaction.
    """
    with atomic():
        effects.alone()
        overdue = operations.settle_overdue(by=by, at=at)
        papers = dying.match(by=by, at=at, most=PAPERS_AT_ONCE, again=True)
        if papers.persons:
            effects.follow(set(papers.persons), by=by, at=at)
        return Casework(overdue, papers, operations.open_cases(by=by, at=at))
