"""A sample from the dice to its end, with the blind counts of its boxes."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest
from cards.counting.conftest import OFFICE

from blanko.cards.counting import operations, queries, samples
from blanko.cards.counting.sampling import SampleRefused, State
from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Condition, Kind, Line
from blanko.kernel.boxes import BoxId
from blanko.kernel.errors import InvalidValue

ONE, TWO, THREE = "operator.1871", "operator.1801", "kepala.pusat"


@pytest.fixture
def sampled(office):
    def begin(**given):
        usual = {"office": OFFICE, "seed": "31415926", "risk": Fraction(1, 5), "loss": Fraction(1, 5)}
        return samples.begin(**{**usual, "key": office.key(), "by": "kepala.1871", "at": office.at, **given})

    return SimpleNamespace(begin=begin, office=office, at=office.at, key=office.key)


def counted(sampled, sample, rows, *, second=None):
    name = samples.count_next(sample=sample, reason="sample", key=sampled.key(), by="kepala.1871", at=sampled.at)
    if operations.hand_in(count=name, rows=rows, by=ONE, at=sampled.at) != "matched":
        operations.hand_in(count=name, rows=second or rows, by=TWO, at=sampled.at)
        operations.decide(count=name, approve=True, reason="stolen", by=THREE, at=sampled.at)
    return name


def test_a_claim_is_proven_by_blind_counts_of_the_drawn_boxes_and_stops(sampled):
    stand = sampled.begin()
    # 50 + 50 + 50 and what lies in the opened box: 15 printed, 26 good, 4 spoiled.
    assert (stand.boxes, stand.blanks, stand.judgement.state) == (4, 195, State.UNDECIDED)
    assert len(stand.next) == stand.judgement.more
    before = len(stand.next)
    name = counted(sampled, stand.sample, rows_of(stand.next))
    done = samples.take_count(sample=stand.sample, count=name, by=ONE, at=sampled.at)
    assert (done.judgement.state, done.next, done.judgement.counted) == (State.PROVEN, (), before)
    with pytest.raises(SampleRefused):
        samples.count_next(sample=stand.sample, reason="x", key=sampled.key(), by=ONE, at=sampled.at)
    assert samples.take_count(sample=stand.sample, count=name, by=ONE, at=sampled.at) == done


def rows_of(boxes):
    opened = [("PB17-000001-0006..0020", "tercetak"), ("PB17-000001-0021..0040", ""),
              ("PB17-000001-0041..0044", "rusak"), ("PB17-000001-0045..0050", "")]  # fmt: skip
    return [row for box in boxes for row in (opened if box.number == 1 else [(str(box), "")])]


def test_an_empty_box_refutes_the_claim_and_its_loss_is_booked_by_the_count(sampled):
    stand = sampled.begin(loss=Fraction(1, 10))
    gone = next(box for box in stand.next if box.number != 1)
    name = counted(sampled, stand.sample, rows_of(box for box in stand.next if box != gone))
    done = samples.take_count(sample=stand.sample, count=name, by=ONE, at=sampled.at)
    assert (done.judgement.state, done.judgement.missing) == (State.REFUTED, 50)
    assert queries.differences(name)[0]["box_no"] == gone.number


def test_the_population_is_what_the_book_had_when_the_dice_fell(sampled):
    stand = sampled.begin()
    custody.change(
        kind=Kind.LOSS, before=Condition.GOOD, after=Condition.MISSING, lines=[Line("PB17", 2, 1, 50)], office=OFFICE,
        key=sampled.key(), by=ONE, at=sampled.at, reason="fire",
    )  # fmt: skip
    assert samples.standing(stand.sample).blanks == stand.blanks == 195
    assert sampled.begin().blanks == 145


def test_results_that_cannot_be_are_refused_and_the_same_ones_again_change_nothing(sampled):
    stand = sampled.begin()
    box = next(box for box in stand.next if box.number != 1)

    def take(**given):
        return samples.take_results(sample=stand.sample, by=ONE, at=sampled.at, **given)

    for wrong in ({BoxId("PB17", 99): 0}, {box: 51}, {box: -1}, {box: 0, BoxId("ZZ", 1): 0}):
        with pytest.raises(SampleRefused):
            take(missing=wrong)
    assert samples.standing(stand.sample) == stand
    first = take(missing={box: 0})
    assert take(missing={box: 0}) == first
    with pytest.raises(SampleRefused):
        take(missing={box: 1})
    with pytest.raises(samples.UnknownSample):
        samples.standing("nobody:1")


def test_a_count_that_is_open_or_of_something_else_is_no_result(sampled):
    stand = sampled.begin()
    other = operations.begin(
        office=OFFICE, reason="monthly", key=sampled.key(), by=ONE, at=sampled.at, boxes=["PB17-000002"]
    )  # fmt: skip
    with pytest.raises(SampleRefused):
        samples.take_count(sample=stand.sample, count=other, by=ONE, at=sampled.at)
    operations.hand_in(count=other, rows=[("PB17-000002", "")], by=ONE, at=sampled.at)
    with pytest.raises(SampleRefused):
        samples.take_count(sample=stand.sample, count=other, by=ONE, at=sampled.at)


def test_a_sample_needs_an_office_with_blanks_and_its_name_means_one_claim(sampled):
    with pytest.raises(SampleRefused):
        sampled.begin(office="9171")
    with pytest.raises(InvalidValue):
        sampled.begin(office="9999")
    key = sampled.key()
    first = sampled.begin(key=key)
    assert sampled.begin(key=key) == first
    with pytest.raises(samples.SampleNameTaken):
        sampled.begin(key=key, seed="another")
    assert [row["sample"] for row in samples.samples(office=OFFICE)] == [first.sample]
