"""Estimates: 514 shares that sum to what was stated, and never contradict a fresh figure of an area."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.decisions.scenario.april_2017 import estimates as est
from blanko.decisions.scenario.april_2017 import inputs

APRIL_4 = date(2017, 4, 4)
POPULATIONS = {
    "3101": 28_000, "3171": 1_000_000, "3172": 1_800_000, "3173": 2_500_000, "3174": 2_200_000, "3175": 3_000_000,
    "3201": 5_600_000, "3273": 2_500_000, "3276": 2_000_000, "1801": 1_100_000, "9471": 400_000,
}  # fmt: skip


def of(metric, as_of=APRIL_4, facts=None):
    sharing = next(s for s in est.SHARINGS if s.metric == metric)
    found = est.estimate(sharing, facts=facts or inputs.facts(), populations=POPULATIONS, as_of=as_of)
    return {count.area: count for count in found}


@pytest.mark.parametrize(
    ("metric", "national"),
    [("print_ready", 4_500_000), ("awaiting_uniqueness", 3_200_000), ("not_recorded", 5_177_231)],
)
def test_estimates_sum_to_the_national_figure_exactly(metric, national):
    found = of(metric)
    assert set(found) == set(POPULATIONS)
    assert sum(count.value for count in found.values()) == national
    assert all(count.kind == "estimated" for count in found.values())


def test_a_provinces_own_figure_is_respected():
    ready = of("print_ready")
    west_java = {code: count for code, count in ready.items() if code.startswith("32")}
    assert sum(count.value for count in west_java.values()) == 1_431_490
    assert all("1431490 of its province on 2017-02-28" in count.source for count in west_java.values())
    assert "4500000 of 2017-03-29" in ready["1801"].source


def test_a_regencys_own_figure_is_respected():
    found = of("not_recorded")
    assert {c: n.value for c, n in found.items() if c.startswith("31")} == {
        "3101": 33, "3171": 2_091, "3172": 8_371, "3173": 16_518, "3174": 21_129, "3175": 11_769,
    }  # fmt: skip


def test_a_figure_that_became_known_later_is_not_used():
    later = of("not_recorded", as_of=date(2017, 4, 7))
    assert later["3171"].value == 2_024
    assert of("not_recorded")["3171"].value == 2_091


def test_an_estimate_was_known_once_the_last_of_its_figures_was():
    assert {count.known_on for count in of("print_ready").values()} == {date(2017, 3, 29)}
    assert {count.known_on for count in of("not_recorded").values()} == {APRIL_4}
    assert {count.known_on for count in of("not_recorded", as_of=date(2017, 4, 7)).values()} == {date(2017, 4, 6)}


def test_a_stale_figure_does_not_stand_beside_a_fresh_national_one():
    # Lampung stated 2,320,615 people in August 2016; the whole country had 5,177,231 in April 2017.
    assert of("not_recorded")["1801"].value != 2_320_615
    assert "its province" not in of("not_recorded")["1801"].source


def test_without_a_national_figure_nothing_is_estimated():
    with pytest.raises(est.NoNationalFigure):
        of("print_ready", as_of=date(2017, 3, 1))


def test_areas_that_state_more_than_the_nation_are_refused():
    facts = [*inputs.facts()]
    too_many = est.Count("33", "prr_unprinted", 4_000_000, APRIL_4, None, "a test", "observed", APRIL_4)
    with pytest.raises(est.FactsExceedNation):
        est.estimate(est.SHARINGS[0], facts=[*facts, too_many], populations={**POPULATIONS, "3301": 1}, as_of=APRIL_4)


@given(
    total=st.integers(0, 10**8),
    weights=st.dictionaries(st.text("0123456789", min_size=4, max_size=4), st.integers(1, 10**7), min_size=1),
)
def test_shares_sum_exactly_and_follow_the_weights(total, weights):
    shares = est.share_out(total, weights)
    assert sum(shares.values()) == total
    weight = sum(weights.values())
    for code, share in shares.items():
        assert abs(share - total * weights[code] / weight) < 1 + 1e-6


def test_every_fact_names_its_source_and_was_not_known_before_its_day():
    facts = inputs.facts()
    assert len(facts) == 167
    assert all(fact.source.startswith("http") and fact.known_on >= fact.date for fact in facts)
    assert all(fact.denominator is None or fact.denominator > 0 for fact in facts)


def test_the_run_off_is_a_deadline_of_all_six_regencies_of_jakarta():
    assert {(d.regency, d.deadline) for d in inputs.deadlines()} == {
        (code, date(2017, 4, 19)) for code in ("3101", "3171", "3172", "3173", "3174", "3175")
    }
