"""A round's draft: the published rule over 514 regencies, explained, and the same bytes for the same input."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.decisions.planning import rules, sharing
from blanko.decisions.planning.asked import Area, Terms

APRIL_4, APRIL_19 = date(2017, 4, 4), date(2017, 4, 19)
TERMS = Terms("a test", APRIL_4, release=3_000, stock=10_000, box_size=500, part_boxes=True)


def area(code, need, **rest):
    found = rules.need_of(
        code, registry=None, reported=None, estimated=rules.Stated(need, APRIL_4, "a test"), as_of=APRIL_4
    )
    return Area(found, transport_days=2, cards_a_day=500, **rest)


JAKARTA = [area("3171", 2_000, deadline=APRIL_19), area("3172", 4_000, deadline=APRIL_19)]
OTHERS = [area("1101", 2_000), area("1871", 6_000, in_hand=500, in_transit=500, requested=50_000)]


def shares(draft):
    return {row["regency"]: row["share"] for row in draft.shares}


def test_the_same_input_gives_the_same_bytes_in_any_order():
    one = sharing.draft([*JAKARTA, *OTHERS], TERMS)
    other = sharing.draft([*reversed(OTHERS), *reversed(JAKARTA)], TERMS)
    assert one.document == other.document
    assert one.inputs_sha256 == other.inputs_sha256
    assert sharing.draft([area("3171", 2_001, deadline=APRIL_19), *OTHERS], TERMS).inputs_sha256 != one.inputs_sha256


def test_a_request_is_shown_and_never_raises_a_share():
    asked = sharing.draft([*JAKARTA, *OTHERS], TERMS)
    modest = sharing.draft([*JAKARTA, OTHERS[0], replace(OTHERS[1], requested=1)], TERMS)
    assert shares(asked) == shares(modest)
    assert next(row for row in asked.shares if row["regency"] == "1871")["requested"] == 50_000


def test_a_round_for_a_deadline_is_open_to_every_area_that_has_it_and_to_no_other():
    terms = replace(TERMS, deadline=APRIL_19)
    draft = sharing.draft([*JAKARTA, *OTHERS], terms)
    assert {code for code, share in shares(draft).items() if share} == {"3171", "3172"}
    outside = [row for row in draft.shares if row["regency"] in ("1101", "1871")]
    assert {row["binding"] for row in outside} == {"not_in_stage"}
    joined = sharing.draft([*JAKARTA, replace(OTHERS[0], deadline=APRIL_19), OTHERS[1]], terms)
    assert shares(joined)["1101"] > 0


def test_a_stage_says_what_every_other_area_lost_by_it():
    draft = sharing.draft([*JAKARTA, *OTHERS], replace(TERMS, deadline=APRIL_19))
    lost = {row["regency"]: row["lost_now"] for row in draft.effects}
    at_once = shares(sharing.draft([*JAKARTA, *OTHERS], TERMS))
    assert lost == {"1101": at_once["1101"], "1871": at_once["1871"]}
    assert all(row["lost_lasting"] <= row["lost_now"] for row in draft.effects)


def test_a_deadline_that_nobody_published_opens_no_stage():
    with pytest.raises(rules.NobodyHasDeadline):
        sharing.draft([*JAKARTA, *OTHERS], replace(TERMS, deadline=date(2017, 5, 1)))


def test_being_early_yields_no_more_than_the_rounding_of_one_box():
    early = sharing.draft([*JAKARTA, *OTHERS], replace(TERMS, deadline=APRIL_19))
    got = shares(early)
    later = [replace(a, in_hand=a.in_hand + got[a.code]) for a in [*JAKARTA, *OTHERS]]
    rest = sharing.draft(later, replace(TERMS, release=4_000))
    together = {code: got[code] + share for code, share in shares(rest).items()}
    at_once = shares(sharing.draft([*JAKARTA, *OTHERS], replace(TERMS, release=7_000)))
    # Stage and rest are each rounded to whole boxes before single blanks are shared.
    assert all(together[code] <= at_once[code] + TERMS.box_size for code in together)
    assert sum(together.values()) == sum(at_once.values()) == 7_000


def test_blanks_that_were_printed_earlier_count_in_the_campaign():
    plain = sharing.draft([area("1101", 2_000), area("1102", 2_000)], replace(TERMS, release=1_000))
    served = replace(area("1102", 2_000), need=replace(area("1102", 2_000).need, earlier=2_000))
    later = sharing.draft([area("1101", 2_000), served], replace(TERMS, release=1_000))
    assert shares(plain) == {"1101": 500, "1102": 500}
    assert shares(later) == {"1101": 1_000, "1102": 0}


def test_the_document_can_be_read_and_sums_to_what_was_shared():
    draft = sharing.draft([*JAKARTA, *OTHERS], TERMS)
    read = json.loads(draft.document)
    assert sum(row["share"] for row in read["shares"]) == 3_000
    assert read["terms"]["rule_version"]
    assert Decimal(read["shares"][0]["fill_after"]) <= 1
    assert "number" not in read["terms"]


@settings(deadline=None)
@given(
    needs=st.lists(st.integers(0, 5_000), min_size=1, max_size=12),
    release=st.integers(1, 20_000),
    part_boxes=st.booleans(),
)
def test_shares_never_exceed_the_release_or_the_need(needs, release, part_boxes):
    areas = [area(f"{1101 + i}", need) for i, need in enumerate(needs)]
    draft = sharing.draft(areas, replace(TERMS, release=release, part_boxes=part_boxes))
    assert sum(shares(draft).values()) <= release
    assert all(row["share"] <= row["remaining"] for row in draft.shares)
    if part_boxes:
        assert sum(shares(draft).values()) == min(release, sum(needs))
    for row in draft.shares:
        assert row["share"] == row["boxes"] * 500 + row["part"]
