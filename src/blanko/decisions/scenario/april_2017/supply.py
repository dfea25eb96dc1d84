"""The supply of 2017: the tender and contract as they were, and the lots as this replay estimates them.

Observed: tender, award, price, quantity, and that all 7 million were distributed by 19 September 2017. Estimated:
which lot came on which day
(lots.csv). Reports put what offices had got by mid-April at about a tenth of what they needed (East Java 344,000 of
3.17 million on
13 April; Lampung 136,000 on the 10th; Depok 10,000, then 30,000 by the 26th), which scales to 2 to 4 million by the
end of April.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files

from blanko.records.procurement import operations as procurement
from blanko.records.procurement.material import ABROAD_UNKNOWN, HOME, Part
from blanko.records.procurement.rules import Stage

CONTRACT, TENDER, SERIES = "BLANKO-KTPEL-2017", "LPSE-KEMENDAGRI-2017", "PB17"
BOX_SIZE = 500
AWARD_SOURCE = "https://liputan6.com/news/read/2889197/kemendagri-pemenang-lelang-blanko-e-ktp-belum-teken-kontrak"
FAILED_SOURCE = (
    "https://suarasurabaya.net/kelanakota/2017/Kemendagri-Sudah-Dapat-Pemenang-Lelang-Blangko-KTP-Elektronik"
)
SIGNED_SOURCE = "https://surabaya.bisnis.com/read/20170404/531/761318/kemendagri-distribusikan-blangko-e-ktp"
# What is still to come after the replay, in equal lots to the middle of September, when the last of the 7 million had
# left.
LATER_DELIVERIES = tuple(date(2017, 5, 8) + timedelta(weeks=3 * i) for i in range(6))
SIGNED_ON = date(2017, 3, 20)
# Shares of the time from contract to shipment.
STAGES_BEFORE = {
    Stage.CHIPS_MADE_ABROAD: 0.4, Stage.CHIPS_ARRIVED: 0.6, Stage.BODY_MADE_HOME: 0.6,
    Stage.PRINTED_AND_TESTED: 0.9, Stage.SHIPPED: 1.0,
}  # fmt: skip
LEAD_DAYS = {Stage.CHIPS_MADE_ABROAD: 30, Stage.CHIPS_ARRIVED: 14, Stage.BODY_MADE_HOME: 10}
# The days of the tender: opened anew (FAILED_SOURCE), and the last day of objection
# (https://m.jpnn.com/amp/news/hamdalah-7-juta-keping-blanko-e-ktp-segera-dicetak). The contract was signed between
# 29 March and 4 April by one report and in the third week of March by another: its day is an estimate.
REOPENED_ON, OBJECTION_UNTIL = date(2017, 2, 16), date(2017, 3, 13)
ESTIMATE = "an estimate of this replay"
CHIPS_SOURCE = f"the minister on 4 April 2017: the chips come from abroad; country not told, days {ESTIMATE}"
PARTS = (
    Part("chip", "Cip", ABROAD_UNKNOWN, Stage.CHIPS_MADE_ABROAD, LEAD_DAYS[Stage.CHIPS_MADE_ABROAD], (), CHIPS_SOURCE),
    Part("chip_voyage", "Pengiriman cip", ABROAD_UNKNOWN, Stage.CHIPS_ARRIVED, LEAD_DAYS[Stage.CHIPS_ARRIVED],
         ("chip",), ESTIMATE),
    Part("antenna", "Antena", HOME, Stage.BODY_MADE_HOME, 5, (), ESTIMATE),
    Part("body", "Badan kartu", HOME, Stage.BODY_MADE_HOME, LEAD_DAYS[Stage.BODY_MADE_HOME], ("antenna",), ESTIMATE),
    Part("print", "Cetakan dan uji", HOME, Stage.PRINTED_AND_TESTED, 7, ("chip_voyage", "body"), ESTIMATE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lot:
    """One estimated lot: its boxes, and the days on which it went through its stages (None: not within the replay)."""

    lot_no: str
    first_box: int
    box_count: int
    shipped_on: date
    arrived_on: date
    released_on: date | None
    accepted_on: date | None
    rejected: tuple[int, ...]
    held_for: str


def lots() -> tuple[Lot, ...]:
    """The estimated lots of lots.csv, in the order of arrival."""

    def day(text: str) -> date | None:
        return date.fromisoformat(text) if text else None

    rows = csv.DictReader(io.StringIO((files(__package__) / "lots.csv").read_text(encoding="utf-8")))
    return tuple(
        Lot(
            lot_no=row["lot_no"],
            first_box=int(row["first_box"]),
            box_count=int(row["box_count"]),
            shipped_on=date.fromisoformat(row["shipped_on"]),
            arrived_on=date.fromisoformat(row["arrived_on"]),
            released_on=day(row["released_on"]),
            accepted_on=day(row["accepted_on"]),
            rejected=tuple(int(number) for number in row["rejected_boxes"].split()),
            held_for=row["held_for"],
        )
        for row in rows
    )


def order(*, by: str, at: datetime) -> None:
    """The failed tender of 2016, the tender and contract of 2017, and its schedule of deliveries."""
    procurement.register_tender(
        tender_no="LPSE-KEMENDAGRI-2016", title="Blangko KTP-el, 8 juta keping", quantity=8_000_000, outcome="failed",
        decided_on=date(2016, 11, 30), source=FAILED_SOURCE, by=by, at=at,
    )  # fmt: skip
    procurement.register_tender(
        tender_no=TENDER, title="Blangko KTP-el, 7 juta keping", quantity=7_000_000, outcome="awarded",
        decided_on=date(2017, 3, 8), source=AWARD_SOURCE, bidders=52, ceiling_idr=367_898_188_000,
        owner_estimate_idr=92_182_778_188, winner="PT Pura Barutama", award_idr=82_250_000_000,
        announced_on=REOPENED_ON, objection_until=OBJECTION_UNTIL, by=by, at=at,
    )  # fmt: skip
    procurement.sign_contract(
        contract_no=CONTRACT, supplier="PT Pura Barutama", signed_on=SIGNED_ON, quantity=7_000_000,
        unit_price_idr=11_750, total_idr=82_250_000_000, box_size=BOX_SIZE, source=SIGNED_SOURCE, tender_no=TENDER,
        lead_days=LEAD_DAYS, is_estimated=True, by=by, at=at,
    )  # fmt: skip
    procurement.register_material(contract_no=CONTRACT, parts=PARTS, by=by, at=at)
    planned = [(lot.arrived_on, lot.box_count * BOX_SIZE) for lot in lots()]
    left = 7_000_000 - sum(blanks for _, blanks in planned)
    each = left // len(LATER_DELIVERIES) // BOX_SIZE * BOX_SIZE
    later = [each] * (len(LATER_DELIVERIES) - 1) + [left - each * (len(LATER_DELIVERIES) - 1)]
    procurement.schedule_deliveries(
        contract_no=CONTRACT, deliveries=[*planned, *zip(LATER_DELIVERIES, later, strict=True)], by=by, at=at
    )


def announce(lot: Lot, *, by: str, at: datetime) -> None:
    """The lot, ordered with the contract, with the stages that lie behind it on the day when it is shipped.

    No source tells their days: they are spread over the time between contract and shipment, and are estimates.
    """
    procurement.announce_lot(
        lot_no=lot.lot_no, contract_no=CONTRACT, series=SERIES, first_box=lot.first_box, box_count=lot.box_count,
        announced_on=SIGNED_ON, delivery_no=[one.lot_no for one in lots()].index(lot.lot_no) + 1, is_estimated=True,
        by=by, at=at,
    )  # fmt: skip
    span = (lot.shipped_on - SIGNED_ON).days
    for stage, part in STAGES_BEFORE.items():
        on = SIGNED_ON + timedelta(days=int(span * part))
        procurement.advance_lot(lot_no=lot.lot_no, stage=stage, on=on, is_estimated=True, by=by, at=at)
