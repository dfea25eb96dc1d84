"""Published figures in the database: complete, append-only, sealed, and shown as they were known."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import Error, connection
from django.db.transaction import atomic

from blanko.decisions.scenario.april_2017 import inputs
from blanko.decisions.transparency import operations, queries, rules
from blanko.ground.audit import operations as audit
from blanko.ground.audit import queries as events

AT = datetime(2017, 4, 4, 9, 0, tzinfo=UTC)
APRIL_4 = date(2017, 4, 4)

pytestmark = pytest.mark.django_db


def stated():
    facts = [fact for fact in inputs.facts() if fact.denominator is not None]
    return [
        figure
        for fact in facts
        for figure in rules.figures_of_count({name: getattr(fact, name) for name in fact.__slots__})
    ]


@pytest.fixture
def published(acting_as):
    with acting_as("svc.transparency"):
        return operations.publish(figures=stated(), by="svc.transparency", at=AT)


def test_figures_shows_what_was_known_on_4_april_and_nothing_later(published):
    shares = {
        (row["percent"], row["denominator"])
        for row in queries.figures(known_on=APRIL_4, metric="recorded_share", area="ID")
        if row["date"] >= date(2017, 3, 29)
    }
    assert shares == {("96.54", 178_207_350), ("97.09", 178_207_350)}
    assert 185_249_711 not in {row["denominator"] for row in queries.figures(known_on=APRIL_4)}


def test_conflicts_names_the_bases_that_were_used(published):
    (conflict,) = [
        c for c in queries.conflicts(metric="recorded_share", known_on=date(2017, 9, 10)) if c["area"] == "ID"
    ]
    assert {185_249_711, 178_207_350} <= set(conflict["bases"])


def test_publishing_again_changes_nothing(published, acting_as):
    with acting_as("svc.transparency"):
        again = operations.publish(figures=stated(), by="svc.transparency", at=AT)
    assert (again.published, again.unchanged) == (0, published.published)


def test_another_number_under_the_same_name_is_refused_by_name(published, acting_as):
    changed = replace(stated()[0], numerator=1)
    before = queries.figures(known_on=date(2020, 1, 1))
    with acting_as("svc.transparency"), pytest.raises(rules.FigureChanged):
        operations.publish(figures=[changed], by="svc.transparency", at=AT)
    assert queries.figures(known_on=date(2020, 1, 1)) == before


def test_the_seal_of_a_publication_holds(published):
    (event,) = events.events(operation="transparency.publish")
    verification = audit.verify(event["id"])
    assert verification.holds
    assert verification.sealed.count == published.published


def test_published_figures_cannot_be_changed_or_deleted(published):
    for statement in ("UPDATE transparency_figure SET numerator = 0", "DELETE FROM transparency_figure"):
        with pytest.raises(Error, match="permission denied"), atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


INSERT = """
INSERT INTO transparency_figure
    (name, area, regency, unit, value, numerator, denominator, date, source, kind, known_on,
     arithmetic, inputs, event_id)
VALUES ('x', 'ID', NULL, %(unit)s, %(value)s, 1, %(denominator)s, %(date)s, %(source)s, %(kind)s, %(known_on)s,
        %(arithmetic)s, '{}', 1)
"""
GOOD = {
    "unit": "count", "value": 1, "denominator": 2, "date": APRIL_4, "source": "a test", "kind": "observed",
    "known_on": APRIL_4, "arithmetic": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"denominator": None},
        {"denominator": 0},
        {"date": None},
        {"source": None},
        {"source": " "},
        {"kind": "rumour"},
        {"known_on": None},
        {"known_on": date(2017, 4, 3)},
        {"value": 5},
        {"unit": "share", "value": 1},
        {"arithmetic": ["1 + 1"]},
    ],
    ids=str,
)
def test_the_database_itself_refuses_an_incomplete_figure(change):
    with pytest.raises(Error, match=r"transparency_figure|null value"), atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, {**GOOD, **change})


def test_a_figure_without_an_event_is_refused():
    with pytest.raises(Error, match="no audit event"), atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, GOOD)
