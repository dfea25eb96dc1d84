"""The life of a lot, what a contract allows, and what is refused by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
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


class UnknownTender(BlankoError, LookupError):
    """No tender has this number."""


class UnknownContract(BlankoError, LookupError):
    """No contract has this number."""


class UnknownService(BlankoError, LookupError):
    """No service contract has this number."""


class UnknownLot(BlankoError, LookupError):
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


class UnknownSupplier(BlankoError, LookupError):
    """No contract names this supplier."""


class NotPositive(InvalidValue):
    """A quantity, price or term is zero, negative or beyond its range."""


class DatesOutOfOrder(InvalidValue):
    """A date of a tender or contract lies before the one that it follows."""


class AboveCeiling(InvalidValue):
    """The owner's estimate or the award is more than the money set aside (pagu)."""


class BadOutcome(InvalidValue):
    """A tender is awarded without winner and amount, or failed with one."""


class BadCode(InvalidValue):
    """A code is not one as the portals, the boxes or the papers carry it."""


class CatalogueWithoutEnd(InvalidValue):
    """A catalogue contract does not say until when it stands."""


class ContractWithoutSchedule(BlankoError):
    """A contract says nowhere how many blanks are due when, so that nothing can be late or short of it."""


class DueOutsideContract(InvalidValue):
    """A delivery is due before the contract is signed, or after it ends."""


class ObjectionOpen(BlankoError):
    """The contract would be signed while the other bidders may still object."""


class TenderNotAwarded(BlankoError):
    """A contract rests on a tender that failed."""


class UnknownDelivery(BlankoError, LookupError):
    """The contract has no delivery of this number."""


class UnknownLotStage(InvalidValue):
    """A lot has no stage of this name."""


class HeldElsewhere(InvalidValue):
    """A lot is held where it arrives, and this is another stage."""


class RejectionWithoutReason(InvalidValue):
    """A box was not accepted, and nobody said why."""


class BoxSizeNotAgreed(InvalidValue):
    """The contract names its box sizes, and this is none of them."""


class NotAccepted(BlankoError):
    """Nothing of the lot is accepted yet, or not on that day, so that nothing of it can be paid."""


class PaidMoreThanAccepted(BlankoError):
    """The payments for a lot would be for more blanks than were accepted."""


class NotPaymentSum(InvalidValue):
    """The amount is not quantity times the lot's price less the penalty, or the penalty is more than that."""


class MaterialOutOfOrder(BlankoError):
    """A part is stored before what it needs; stored so, a circle is impossible."""


class NotContractSum(InvalidValue):
    """Quantity times unit price is not the total that the contract states."""


class AmendmentOutOfOrder(InvalidValue):
    """A version of a contract does not follow the one before it, or is no version that stands."""


class AmendmentWithoutDocument(InvalidValue):
    """A contract is changed without a document, a reason, or anything that changes."""


class ScheduleOutsideAmendment(BlankoError):
    """The deliveries that are planned do not fit the changed contract, and it brings no new ones."""


# SQLSTATE -> the error that callers catch. BL2xx are raised by this room's triggers.
REFUSALS: Final[dict[str, type[BlankoError]]] = {
    "BL201": MoreThanContract,
    "BL202": StageOutOfOrder,
    "BL203": NotReleased,
    "BL204": BoxNotInLot,
    "BL205": PaidMoreThanAccepted,
    "BL206": NotAccepted,
    "BL207": NotPaymentSum,
    "BL208": MaterialOutOfOrder,
    "BL209": ContractWithoutSchedule,
    "BL210": ObjectionOpen,
    "BL211": TenderNotAwarded,
    "BL212": DueOutsideContract,
    "BL213": AmendmentOutOfOrder,
    "BL214": ScheduleOutsideAmendment,
    # A number that no column holds.
    "22003": NotPositive,
}
CONSTRAINTS: Final[dict[str, type[BlankoError]]] = {
    "procurement_lot_boxes_once": BoxesAnnouncedTwice,
    "procurement_lot_stage_once": StageReportedTwice,
    "procurement_tender_pkey": AlreadyRegistered,
    "procurement_contract_pkey": AlreadyRegistered,
    "procurement_lot_pkey": AlreadyRegistered,
    "procurement_acceptance_pkey": AlreadyRegistered,
    "procurement_acceptance_bast_no_key": AlreadyRegistered,
    "procurement_payment_pkey": AlreadyRegistered,
    "procurement_material_part_once": AlreadyRegistered,
    "procurement_tender_quantity": NotPositive,
    "procurement_tender_amounts": NotPositive,
    "procurement_tender_outcome": BadOutcome,
    "procurement_tender_below_ceiling": AboveCeiling,
    "procurement_tender_estimate_below_ceiling": AboveCeiling,
    "procurement_tender_dates": DatesOutOfOrder,
    "procurement_tender_codes": BadCode,
    "procurement_contract_sum": NotContractSum,
    "procurement_contract_quantity": NotPositive,
    "procurement_contract_price": NotPositive,
    "procurement_contract_terms": NotPositive,
    "procurement_contract_kind": CatalogueWithoutEnd,
    "procurement_contract_ends": DatesOutOfOrder,
    "procurement_delivery_quantity": NotPositive,
    "procurement_lot_boxes": NotPositive,
    "procurement_lot_price": NotPositive,
    "procurement_lot_series": BadCode,
    "procurement_lot_stage_hold_on_arrival": HeldElsewhere,
    "procurement_rejected_box_has_reason": RejectionWithoutReason,
    "procurement_rejected_box_once": BoxNotInLot,
    "procurement_acceptance_has_bast": BadCode,
    "procurement_payment_has_number": BadCode,
    "procurement_tender_method": BadCode,
    "procurement_delivery_once": AlreadyRegistered,
    "procurement_price_break_once": AlreadyRegistered,
    "procurement_amendment_once": AmendmentOutOfOrder,
    "procurement_amendment_numbers": NotPositive,
    "procurement_amendment_sum": NotContractSum,
    "procurement_amendment_rests_on_a_document": AmendmentWithoutDocument,
    "procurement_service_pkey": AlreadyRegistered,
    "procurement_service_named": BadCode,
    "procurement_service_ends": DatesOutOfOrder,
    "procurement_service_amount": NotPositive,
    "procurement_payment_quantity": NotPositive,
    "procurement_payment_amount": NotPaymentSum,
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


def check_named(**texts: str) -> None:
    """Raise BadCode, naming the first text that is empty."""
    for name, text in texts.items():
        if not text.strip():
            raise BadCode("{name} is empty", mend="say it", name=name)


def stage_named(name: str) -> Stage:
    """The stage of a lot of this name. Raises UnknownLotStage."""
    try:
        return Stage(name)
    except ValueError:
        raise UnknownLotStage(
            "a lot has no stage {stage}", mend="use one of {stages}", stage=name, stages=", ".join(Stage)
        ) from None


def check_positive(**numbers: int | None) -> None:
    """Raise NotPositive, naming the first number that is given and is not above 0."""
    for name, value in numbers.items():
        if value is not None and value <= 0:
            raise NotPositive("{name} is {value}", mend="give a whole number above 0", name=name, value=value)


def check_terms(**per_mille: int) -> None:
    """Raise NotPositive unless each term is a share in thousandths."""
    for name, value in per_mille.items():
        if not 0 <= value <= 1000:
            raise NotPositive("{name} is {value}", mend="give thousandths from 0 to 1000", name=name, value=value)


def check_dates(**days: date | None) -> None:
    """Raise DatesOutOfOrder unless the days that are given follow each other."""
    given = [(name, day) for name, day in days.items() if day is not None]
    for (first, before), (second, after) in pairwise(given):
        if after < before:
            raise DatesOutOfOrder(
                "{second} on {after} lies before {first} on {before}",
                mend="mend one of the two dates",
                second=second,
                after=after,
                first=first,
                before=before,
            )


def check_award(
    *, outcome: str, winner: str, award_idr: int | None, ceiling_idr: int | None, owner_estimate_idr: int | None
) -> None:
    """Raise BadOutcome or AboveCeiling unless outcome, winner and amounts of a tender agree."""
    if (outcome == "awarded") != bool(winner and award_idr) or (outcome == "failed") != (not winner and not award_idr):
        raise BadOutcome(
            "a tender that is {outcome} with winner {winner} and award {award_idr}",
            mend="awarded needs both, failed has neither",
            outcome=outcome,
            winner=repr(winner),
            award_idr=award_idr,
        )
    for name, value in (("award", award_idr), ("owner's estimate", owner_estimate_idr)):
        if value is not None and ceiling_idr is not None and value > ceiling_idr:
            raise AboveCeiling(
                "the {name} Rp {value} is above the ceiling Rp {ceiling}",
                mend="mend the amount or the ceiling",
                name=name,
                value=f"{value:,}",
                ceiling=f"{ceiling_idr:,}",
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
        ready = max(dates[need] for need in needs)
        # Beyond the calendar's end there is no date either.
        if (date.max - ready).days >= lead_days[stage]:
            dates[stage] = ready + timedelta(days=lead_days[stage])
    return {stage: day for stage, day in dates.items() if stage not in reached}


def is_stock(stages: Mapping[Stage, date]) -> bool:
    """Only an accepted lot is stock; one that arrived and waits for customs or payment is not."""
    return Stage.ACCEPTED in stages
