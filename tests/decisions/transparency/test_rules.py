"""Figures: no number without its base, its day and its source, and none before it was known."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.decisions.scenario.april_2017 import inputs
from blanko.decisions.transparency import rules

MARCH_29, APRIL_4, SEPTEMBER_10 = date(2017, 3, 29), date(2017, 4, 4), date(2017, 9, 10)
SAID = rules.Figure(
    "recorded_share", "ID", "share", 172_046_898, 178_207_350, MARCH_29, "tempo.co", "observed", MARCH_29
)


def stated():
    counts = [
        {name: getattr(fact, name) for name in fact.__slots__}
        for fact in inputs.facts()
        if fact.denominator is not None
    ]
    return [figure for count in counts for figure in rules.figures_of_count(count)]


def percents(day):
    return {
        (figure.share.percent(2), figure.denominator)
        for figure in rules.known(stated(), on=day)
        if figure.name == "recorded_share" and figure.area == "ID" and figure.date >= MARCH_29
    }


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"denominator": 0}, rules.FigureWithoutDenominator),
        ({"denominator": None}, rules.FigureWithoutDenominator),
        ({"source": "  "}, rules.FigureWithoutSource),
        ({"kind": "guessed"}, rules.FigureOfUnknownKind),
        ({"known_on": date(2017, 3, 28)}, rules.FigureKnownTooEarly),
        ({"arithmetic": ("1 + 1 = 2",)}, rules.FigureWithoutArithmetic),
        ({"inputs": ("a",)}, rules.FigureWithoutArithmetic),
    ],
)
def test_a_figure_that_cannot_be_followed_cannot_be_made(change, refusal):
    with pytest.raises(refusal) as refused:
        replace(SAID, **change)
    assert refused.value.mend


def test_the_recorded_share_is_named_by_its_four_decimals():
    assert SAID.value == Decimal("0.9654")
    assert replace(SAID, unit="count").value == 172_046_898


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_share_is_rounded_half_up_as_the_database_rounds(numerator, denominator):
    value = replace(SAID, numerator=numerator, denominator=denominator).value
    exact = Decimal(numerator) / Decimal(denominator)
    assert abs(value - exact) <= Decimal("0.00005") + Decimal("1e-20")
    assert value == value.quantize(Decimal("0.0001"))


def test_on_4_april_both_shares_were_known_and_the_later_base_was_not():
    assert percents(APRIL_4) == {("96.54", 178_207_350), ("97.09", 178_207_350)}
    assert percents(MARCH_29) == {("96.54", 178_207_350)}
    assert ("94.31", 185_249_711) in percents(SEPTEMBER_10)


def test_sources_that_disagree_stand_side_by_side():
    known = [f for f in rules.known(stated(), on=SEPTEMBER_10) if f.date >= MARCH_29]
    conflict = next(c for c in rules.conflicts(known) if (c.name, c.area) == ("recorded_share", "ID"))
    assert conflict.bases == (185_249_711, 178_207_350)
    assert [f.date for f in conflict.figures] == sorted((f.date for f in conflict.figures), reverse=True)
    assert not rules.conflicts([SAID, SAID])


def test_a_correction_replaces_its_figure_only_from_the_day_on_which_it_was_known():
    corrected = replace(SAID, numerator=172_000_000, known_on=APRIL_4)
    assert rules.known([SAID, corrected], on=MARCH_29) == (SAID,)
    assert rules.known([corrected, SAID], on=APRIL_4) == (corrected,)


def test_a_count_without_a_base_gives_no_figure():
    count = {name: getattr(inputs.facts()[0], name) for name in inputs.facts()[0].__slots__}
    with pytest.raises(rules.FigureWithoutDenominator):
        rules.figures_of_count({**count, "denominator": None})
