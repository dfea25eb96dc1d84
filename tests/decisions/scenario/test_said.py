"""What was said on 4 April 2017 beside what the records say: each line follows from its inputs alone."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from blanko.decisions.scenario.april_2017 import inputs as data
from blanko.decisions.scenario.april_2017 import said, sentences
from blanko.decisions.scenario.april_2017.estimates import SHARINGS, estimate
from blanko.decisions.scenario.april_2017.lines import FigureMissing, Inputs, StageCost, Statement, StatementMissing
from blanko.decisions.transparency import rules as transparency
from blanko.ground.places import gazetteer

APRIL_4, APRIL_30 = date(2017, 4, 4), date(2017, 4, 30)


def figures():
    based = [fact for fact in data.facts() if fact.denominator is not None]
    counts = [{name: getattr(fact, name) for name in fact.__slots__} for fact in based]
    return [figure for count in counts for figure in transparency.figures_of_count(count)]


@pytest.fixture(scope="module")
def inputs():
    facts = data.facts()
    populations = {regency.code: regency.population_2024 for regency in gazetteer.regencies_2017()}
    ready = estimate(SHARINGS[0], facts=facts, populations=populations, as_of=APRIL_4)
    needs = {count.area: count.value for count in ready}
    return Inputs(
        said_on=APRIL_4,
        statements=data.statements(),
        figures=figures(),
        counted_on=APRIL_30,
        custody={
            "received": 2_500_000, "warehouse": 300_000, "in_transit": 200_000, "at_offices": 1_400_000,
            "personalised": 300_000, "issued": 299_000, "spoiled": 1_000, "destroyed": 0, "missing": 0,
        },
        fills={code: Fraction(2, 5) for code in needs} | {"3172": Fraction(3, 4), "9101": Fraction(1, 3)},
        stages=[StageCost(date(2017, 4, 19), ("3171", "3172"), 200_000, {"1801": 500, "3201": 2_500, "9101": 0})],
        lampung_allocated={
            fact.area: fact.value for fact in facts if fact.metric == "blanks_allocated" and fact.area.startswith("18")
        },
        lampung_figures=[f.key for f in figures() if f.name == "blanks_allocated" and f.area.startswith("18")],
        lampung_needs={code: need for code, need in needs.items() if code.startswith("18")},
    )  # fmt: skip


def test_the_share_that_was_said_was_stale_that_day(inputs):
    line = said.recorded(inputs)
    assert line.verdict == "stale"
    text = sentences.render(line, "en")["records_say"]
    assert "97.09 % on 4 April 2017: 173,030,119 of 178,207,350" in text
    assert "29 March 2017: 172,046,898 of 178,207,350" in text
    assert "983,221 more people" in text
    assert "185" not in text  # The base of September was not known in April.


def test_a_share_that_is_the_newest_known_is_confirmed_and_one_that_nobody_published_is_not(inputs):
    def verdict(percent):
        told = {**inputs.statements, "recorded_pct": Statement(Fraction(percent), "a test")}
        return said.recorded(replace(inputs, statements=told)).verdict

    assert verdict("97.09") == "confirmed"
    assert verdict("99.99") == "unsupported"
    # Said a week earlier, the same number would have been the newest.
    assert said.recorded(replace(inputs, said_on=date(2017, 3, 30))).verdict == "confirmed"


def test_the_backlog_is_two_kinds_and_the_doubles_may_sit_inside_it(inputs):
    line = said.owed(inputs)
    assert line.verdict == "two_kinds"
    text = sentences.render(line, "en")["records_say"]
    assert "4,500,000 print-ready" in text
    assert "3,200,000 awaiting uniqueness" in text
    assert "1,500,000 cards are owed" in text
    fewer = {**inputs.statements, "duplicates": Statement(Fraction(500_000), "a test")}
    assert len(said.owed(replace(inputs, statements=fewer)).records_say) == 1


def test_what_has_reached_the_offices_decides_whether_it_was_finished(inputs):
    line = said.finished(inputs)
    assert line.verdict == "not_finished"
    assert "2,000,000 of 7,000,000" in sentences.render(line, "en")["records_say"]
    all_there = {"received": 7_000_000, "at_offices": 7_000_000}
    assert said.finished(replace(inputs, custody=all_there)).verdict == "confirmed"
    too_late = replace(inputs, custody=all_there, counted_on=date(2017, 5, 1))
    assert said.finished(too_late).verdict == "not_finished"


def test_the_arithmetic_of_what_reached_the_offices_adds_up(inputs):
    ((_key, params),) = said.finished(inputs).arithmetic
    subtracted = ("undelivered", "warehouse", "transit", "missing")
    assert params["contracted"] - sum(params[name] for name in subtracted) == params["reached"]


def test_the_remainder_lasts_six_months_and_thirteen_if_the_doubles_sit_inside(inputs):
    line = said.yearly(inputs)
    text = sentences.render(line, "en")["records_say"]
    assert line.verdict == "too_little"
    assert "2,500,000 blanks remain. At 5,000,000 a year they last 6 months" in text
    assert "they last 13 months" in text
    assert "this contract's remainder" in text
    assert "on top of the remainder" in text
    enough = {**inputs.statements, "yearly_need": Statement(Fraction(2_500_000), "a test")}
    changed = said.yearly(replace(inputs, statements=enough))
    assert changed.verdict == "enough"
    assert "they last 12 months" in sentences.render(changed, "en")["records_say"]


def test_priority_names_the_lowest_the_highest_and_what_the_date_cost(inputs):
    line = said.priority(inputs)
    text = sentences.render(line, "en")["records_say"]
    assert line.verdict == "date_first"
    assert "Kota Administrasi Jakarta Utara the highest (75.0 %)" in text
    assert "(33.3 %)" in text
    assert "took 3,000 from 2 others" in text
    even = replace(inputs, stages=[], fills={code: Fraction(1, 2) for code in inputs.fills})
    assert said.priority(even).verdict == "confirmed"
    assert said.priority(replace(inputs, stages=[])).verdict == "unequal"


def test_lampungs_equal_counts_are_set_beside_the_fair_shares_of_the_same_blanks(inputs):
    line = said.lampung(inputs)
    assert line.verdict == "equal_counts"
    assert len(line.details) == len(line.figures) == 15
    assert sum(row["given"] for row in line.details) == 136_000
    assert all(row["fair"] <= row["need"] for row in line.details)
    fair = [row["fair_fill"].share for row in line.details]
    given = [row["given_fill"].share for row in line.details]
    assert max(fair) - min(fair) < max(given) - min(given)
    assert "10,000 blanks for 12 of 15 regencies, 136,000 in all" in sentences.render(line, "en")["said"]


def test_where_blanks_are_scarce_the_rule_shares_all_of_them_and_where_not_it_says_what_is_left(inputs):
    scarce = replace(inputs, lampung_needs={code: 3 * need for code, need in inputs.lampung_needs.items()})
    line = said.lampung(scarce)
    assert sum(row["fair"] for row in line.details) == 136_000
    assert "fill every need to between" in sentences.render(line, "en")["records_say"]
    plenty = said.lampung(replace(inputs, lampung_needs=dict.fromkeys(inputs.lampung_needs, 2_000)))
    assert sum(row["fair"] for row in plenty.details) == 30_000
    assert "and leave 106,000 for others" in sentences.render(plenty, "en")["records_say"]


def test_equal_needs_make_equal_counts_fair(inputs):
    codes = list(inputs.lampung_allocated)
    even = replace(
        inputs, lampung_allocated=dict.fromkeys(codes, 1_000), lampung_needs=dict.fromkeys(codes, 4_000), box_size=500
    )
    assert said.lampung(even).verdict == "confirmed"


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_line_is_written_in_both_languages(inputs, language):
    lines = [sentences.render(line, language) for line in said.table(inputs)]
    assert [line["key"] for line in lines] == ["recorded", "owed", "finished", "yearly", "priority", "lampung"]
    for line in lines:
        assert line["said"] and line["records_say"] and line["verdict_text"] and line["arithmetic"]
        assert "{" not in f"{line['said']}{line['records_say']}{line['arithmetic']}"
    if language == "id":
        assert "97,09 % pada 4 April 2017: 173.030.119 dari 178.207.350" in lines[0]["records_say"]


def test_all_sentences_have_both_languages_and_the_same_parameters():
    import string

    for key, words in sentences.sentences().items():
        fields = {
            language: {name for _t, name, _f, _c in string.Formatter().parse(words[language]) if name}
            for language in ("en", "id")
        }
        assert fields["en"] == fields["id"], key


def test_a_figure_or_a_statement_that_is_missing_is_named(inputs):
    with pytest.raises(FigureMissing, match="recorded_share"):
        said.recorded(replace(inputs, figures=[]))
    with pytest.raises(StatementMissing, match="recorded_pct"):
        said.recorded(replace(inputs, statements={}))


def test_the_figures_of_a_line_are_keys_of_figures_that_were_given(inputs):
    keys = {figure.key for figure in inputs.figures}
    for line in said.table(inputs):
        assert set(line.figures) <= keys
