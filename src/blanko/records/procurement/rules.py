"""The life of a lot, what a contract allows, and what is refused by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from blanko.kernel.errors import BlankoError, InvalidValue


class Stage(StrEnum):
    """Where a lot is. Chips come from abroad and card bodies from home, at the same time and each in its own time."""

    ORDERED = "ordered"
    CHIPS_MADE_ABROAD = "chips_made_abroad"
    CHIPS_ARRIVED = "chips_arrived"
    BODY_MADE_HOME = "body_made_home"
    PRINTED_AND_TESTED = "printed_and_tested"
    SHIPPED = "shipped"
    ARRIVED = "arrived"
    RELEASED = "released"
    ACCEPTED = "accepted"


S: Final = Stage

# A stage is reached when all that it needs is reached. The database keeps the same table: procurement_stage_needs.
NEEDS: Final[dict[Stage, tuple[Stage, ...]]] = {
    S.ORDERED: (),
    S.CHIPS_MADE_ABROAD: (S.ORDERED,),
    S.CHIPS_ARRIVED: (S.CHIPS_MADE_ABROAD,),
    S.BODY_MADE_HOME: (S.ORDERED,),
    S.PRINTED_AND_TESTED: (S.CHIPS_ARRIVED, S.BODY_MADE_HOME),
    S.SHIPPED: (S.PRINTED_AND_TESTED,),
    S.ARRIVED: (S.SHIPPED,),
    S.RELEASED: (S.ARRIVED,),
    S.ACCEPTED: (S.RELEASED,),
}


class Hold(StrEnum):
    """Why a lot that arrived is no stock yet."""

    CUSTOMS = "customs"
    UNPAID = "unpaid"
    INSPECTION = "inspection"


class UnknownTender(BlankoError):
    """No tender has this number."""


class UnknownContract(BlankoError):
    """No contract has this number."""


class UnknownLot(BlankoError):
    """No lot has this number."""


class AlreadyRegistered(BlankoError):
    """The number is taken, by other content."""


class MoreThanContract(BlankoError):
    """The lots or deliveries of a contract would be more blanks than were bought."""


class BoxesAnnouncedTwice(BlankoError):
    """Another lot has announced boxes of this series with these numbers."""


class StageOutOfOrder(BlankoError):
    """A stage was reported before what it needs, or dated before it."""


class StageReportedTwice(BlankoError):
    """The lot has reached this stage already."""


class NotReleased(BlankoError):
    """The lot is held by customs or unpaid, so that nothing of it can be accepted."""


class BoxNotInLot(BlankoError, ValueError):
    """A rejected box is none of the lot's boxes, or is named twice."""


class NotContractSum(InvalidValue):
    """Quantity times unit price is not the total that the contract states."""


# SQLSTATE -> the error that callers catch. BL2xx are raised by this room's triggers.
REFUSALS: Final[dict[str, type[BlankoError]]] = {
    "BL201": MoreThanContract,
    "BL202": StageOutOfOrder,
    "BL203": NotReleased,
    "BL204": BoxNotInLot,
}
CONSTRAINTS: Final[dict[str, type[BlankoError]]] = {
    "procurement_lot_boxes_once": BoxesAnnouncedTwice,
    "procurement_lot_stage_once": StageReportedTwice,
    "procurement_tender_pkey": AlreadyRegistered,
    "procurement_contract_pkey": AlreadyRegistered,
    "procurement_lot_pkey": AlreadyRegistered,
    "procurement_acceptance_pkey": AlreadyRegistered,
}


def check_sum(*, quantity: int, unit_price_idr: int, total_idr: int) -> None:
    """Raise NotContractSum unless the three figures of a contract agree to the rupiah."""
    if quantity * unit_price_idr != total_idr:
        raise NotContractSum(
            "{quantity} x {unit_price_idr} is {product}, not {total_idr}",
            mend="give the contract's own figures",
            quantity=f"{quantity:,}",
            unit_price_idr=f"{unit_price_idr:,}",
            product=f"{quantity * unit_price_idr:,}",
            total_idr=f"{total_idr:,}",
        )


def check_next(stage: Stage, *, reached: Mapping[Stage, date], on: date) -> None:
    """Raise StageReportedTwice or StageOutOfOrder unless a lot at these stages can reach ``stage`` on ``on``."""
    if stage in reached:
        raise StageReportedTwice(
            "{stage} was reached on {day}", mend="report the next stage", stage=stage, day=reached[stage]
        )
    missing = [need for need in NEEDS[stage] if need not in reached]
    if missing:
        raise StageOutOfOrder(
            "{stage} needs {missing} first",
            mend="report {next_stage}",
            stage=stage,
            missing=", ".join(missing),
            next_stage=missing[0],
        )
    late = [need for need in NEEDS[stage] if reached[need] > on]
    if late:
        raise StageOutOfOrder(
            "{stage} on {on} lies before {earlier_stage} on {earlier_day}",
            mend="mend the date",
            stage=stage,
            on=on,
            earlier_stage=late[0],
            earlier_day=reached[late[0]],
        )


def expected(*, reached: Mapping[Stage, date], lead_days: Mapping[Stage, int]) -> dict[Stage, date]:
    """When each stage that is not reached yet is due: its lead time after the last thing it needs. Days, calendar.

    A stage without a lead time, and all that needs it, has no date: an unknown wait is not a wait of zero days.
    """
    dates: dict[Stage, date] = dict(reached)
    for stage, needs in NEEDS.items():
        if stage in dates or stage not in lead_days or not needs or any(need not in dates for need in needs):
            continue
        dates[stage] = max(dates[need] for need in needs) + timedelta(days=lead_days[stage])
    return {stage: day for stage, day in dates.items() if stage not in reached}


def is_stock(stages: Mapping[Stage, date]) -> bool:
    """Only an accepted lot is stock; one that arrived and waits for customs or payment is not."""
    return Stage.ACCEPTED in stages
