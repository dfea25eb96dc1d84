"""The record of hand-over says what was sent, what came, and who signed; only of what was taken over."""

from __future__ import annotations

import pytest

from blanko.cards.custody import arrivals, operations, papers
from blanko.cards.custody.rules import Line
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind


def sent(warehouse, boxes):
    return operations.dispatch(
        consignment=[Line("PB17", n, 1, 50) for n in boxes], from_office="00", to_office="1101", key=warehouse.key(),
        by="gudang.pusat", at=warehouse.at,
    )  # fmt: skip


def test_the_record_of_hand_over_names_runs_discrepancies_and_both_hands(warehouse):
    movement = sent(warehouse, [1, 2, 3, 5])
    short = Discrepancy(DiscrepancyKind.SHORT, "kurir.pos", Line("PB17", 5, 1, 50))
    arrivals.receive_found(movement=movement, found=[short], by="operator.1101", at=warehouse.at)
    said = papers.bast_data(movement)
    assert [row["what"] for row in said["lines"]] == [
        "PB17-000001 s.d. PB17-000003 (3 dus)", "PB17-000005 (0001 s.d. 0050)",
    ]  # fmt: skip
    assert (said["blanks"], said["short"], said["sender_name"], said["receiver_name"]) == (
        "200", "50", "gudang.pusat", "operator.1101",
    )  # fmt: skip
    assert [(row["kind"], row["owner"]) for row in said["wrong"]] == [("tidak diterima", "kurir.pos")]
    made = papers.bast(movement)
    assert made.startswith(b"%PDF")
    assert made == papers.bast(movement)


def test_what_was_not_taken_over_has_no_record(warehouse):
    movement = sent(warehouse, [1])
    with pytest.raises(papers.NotHandedOver):
        papers.bast(movement)
