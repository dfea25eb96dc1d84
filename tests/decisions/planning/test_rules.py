"""Planning's rules: whose need counts, when blanks leave, which boxes go where."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.decisions.planning import rules
from blanko.engines.allocation import OverrideRefused
from blanko.kernel import wording
from blanko.kernel.boxes import BoxId, SerialRange

APRIL_4 = date(2017, 4, 4)
REPORTED = rules.Stated(5_100, date(2017, 3, 20), "a report")
ESTIMATED = rules.Stated(9_000, date(2017, 3, 29), "an estimate")


def need(**sources):
    return rules.need_of("1871", **{"registry": None, "reported": None, "estimated": None, "as_of": APRIL_4, **sources})


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"registry": 42, "reported": REPORTED, "estimated": ESTIMATED}, ("registry", 42)),
        ({"registry": 0, "reported": REPORTED}, ("registry", 0)),
        ({"reported": REPORTED, "estimated": ESTIMATED}, ("reported", 5_100)),
        ({"estimated": ESTIMATED}, ("estimated", 9_000)),
        ({}, ("unknown", 0)),
    ],
)
def test_one_source_alone_decides_and_sources_are_never_added(sources, expected):
    found = need(**sources)
    assert (found.need_source, found.need) == expected


def test_a_stated_count_shrinks_by_what_was_printed_since_its_day():
    found = need(estimated=ESTIMATED, printed=1_500, printed_since={ESTIMATED.date: 1_200})
    assert (found.need, found.print_ready, found.printed_since, found.earlier) == (7_800, 9_000, 1_200, 1_500)
    assert need(reported=REPORTED, printed=9_999, printed_since={REPORTED.date: 9_999}).need == 0


def test_the_registrys_count_is_not_reduced_again_by_what_was_printed():
    found = need(registry=42, printed=1_000, printed_since={APRIL_4: 1_000})
    assert (found.need, found.earlier) == (42, 1_000)


def test_dispatch_by_is_the_deadline_less_transport_less_printing():
    leaves = rules.departure(
        share=10_000, as_of=APRIL_4, deadline=date(2017, 4, 19), transport_days=2, cards_a_day=2_000
    )
    assert (leaves.dispatch_by, leaves.printing_days, leaves.late) == (date(2017, 4, 12), 5, False)


def test_a_departure_that_lies_behind_us_is_late_and_says_so():
    leaves = rules.departure(share=30_000, as_of=APRIL_4, deadline=date(2017, 4, 19), transport_days=1, cards_a_day=525)
    assert leaves.late and leaves.dispatch_by < APRIL_4


def test_without_a_deadline_blanks_leave_within_three_days():
    leaves = rules.departure(share=1, as_of=APRIL_4, deadline=None, transport_days=9, cards_a_day=1)
    assert (leaves.dispatch_by, leaves.late) == (date(2017, 4, 7), False)


def whole(number, size=500):
    return rules.Whole(BoxId("PB17", number), size)


def loose(number, first, last):
    return rules.Loose(BoxId("PB17", number), SerialRange(first, last))


def test_boxes_go_first_in_first_out_and_at_most_one_stays_half_used():
    cutting = rules.cut(
        [("1101", 1_137), ("1102", 500), ("1103", 20)], sealed=[whole(n) for n in range(1, 7)], loose=[]
    )
    first, second, third = cutting.cuts
    assert [w.box.number for w in first.boxes] == [1, 2]
    assert [w.box.number for w in second.boxes] == [3]
    assert cutting.opened == (BoxId("PB17", 4),)
    assert first.pieces == (loose(4, 1, 137),)
    assert third.pieces == (loose(4, 138, 157),)


def test_opened_boxes_are_used_up_before_another_is_opened():
    cutting = rules.cut([("1101", 30)], sealed=[whole(9)], loose=[loose(2, 11, 20), loose(3, 1, 500)])
    assert cutting.cuts[0].pieces == (loose(2, 11, 20), loose(3, 1, 20))
    assert cutting.opened == ()


def test_more_than_the_warehouse_holds_cannot_be_cut():
    with pytest.raises(rules.BoxesDoNotFit):
        rules.cut([("1101", 501)], sealed=[whole(1)], loose=[])


@given(
    shares=st.lists(st.integers(0, 1_700), max_size=8),
    sizes=st.lists(st.sampled_from([100, 500]), max_size=30),
    piece=st.integers(1, 500),
)
def test_every_share_is_cut_exactly_and_no_blank_twice(shares, sizes, piece):
    sealed = [whole(number, size) for number, size in enumerate(sizes, start=2)]
    supply = sum(sizes) + piece
    wanted = [(f"{1101 + i}", share) for i, share in enumerate(shares)]
    if sum(shares) > supply:
        return
    cutting = rules.cut(wanted, sealed=sealed, loose=[loose(1, 1, piece)])
    assert {cut.regency: cut.blanks for cut in cutting.cuts} == {code: share for code, share in wanted if share}
    sealed_out = [w.box for cut in cutting.cuts for w in cut.boxes]
    assert len(sealed_out) == len(set(sealed_out))
    assert not set(sealed_out) & set(cutting.opened)
    used = [
        (p.box, position)
        for cut in cutting.cuts
        for p in cut.pieces
        for position in range(p.positions.first, p.positions.last + 1)
    ]
    assert len(used) == len(set(used))
    sizes_by_box = {w.box: w.size for w in sealed} | {BoxId("PB17", 1): piece}
    assert all(1 <= position <= sizes_by_box[box] for box, position in used)
    assert {box for box, _position in used} <= {*cutting.opened, BoxId("PB17", 1)}


@given(st.sets(st.integers(0, 60)))
def test_runs_hold_exactly_the_boxes_that_were_sent(numbers):
    found = rules.runs([whole(number) for number in numbers])
    assert [n for run in found for n in range(run.first, run.last + 1)] == sorted(numbers)
    assert all(a.last + 1 < b.first for a, b in zip(found, found[1:], strict=False))


OVERRIDE = {
    "share": 500, "remaining": 600, "reason": "flood damaged the office's stock", "by": "planner.pusat",
    "second": "kepala.pusat", "total_after": 1_000, "release": 1_000,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"reason": "  "}, OverrideRefused),
        ({"second": "planner.pusat"}, OverrideRefused),
        ({"second": ""}, OverrideRefused),
        ({"share": 601}, rules.OverrideExceedsNeed),
        ({"share": -1}, rules.OverrideExceedsNeed),
        ({"total_after": 1_001}, rules.OverrideExceedsRelease),
    ],
)
def test_an_override_needs_a_reason_and_two_officers_and_must_fit(change, refusal):
    rules.check_override(**OVERRIDE)
    with pytest.raises(refusal):
        rules.check_override(**{**OVERRIDE, **change})


def test_a_release_larger_than_the_stock_is_refused_by_name():
    rules.check_release(release=500, stock=500)
    with pytest.raises(rules.ReleaseExceedsStock, match="501 blanks were released and 500 lie"):
        rules.check_release(release=501, stock=500)
    with pytest.raises(rules.NothingReleased):
        rules.check_release(release=0, stock=500)


def test_a_round_is_what_its_last_step_says():
    assert rules.state_of(["draft"]) == "draft"
    assert rules.state_of(["committed", "draft"]) == "committed"
    assert rules.state_of(["draft", "discarded"]) == "discarded"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"), (10, "sepuluh"), (11, "sebelas"), (19, "sembilan belas"), (21, "dua puluh satu"),
        (100, "seratus"), (1_000, "seribu"), (1_999, "seribu sembilan ratus sembilan puluh sembilan"),
        (23_137, "dua puluh tiga ribu seratus tiga puluh tujuh"), (1_000_000, "satu juta"),
        (7_000_000, "tujuh juta"), (111_000, "seratus sebelas ribu"),
    ],
)  # fmt: skip
def test_numbers_are_repeated_in_words(number, words):
    assert wording.in_words(number) == words


def test_papers_are_numbered_as_offices_number_them():
    assert rules.papers_number(round_no=3, regency="3171", on=APRIL_4) == "0003/SJ/3171/IV/2017"
    assert rules.consignment_name(round_no=3, regency="3171") == "R0003-3171"
