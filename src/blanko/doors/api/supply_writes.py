"""Register tenders, contracts with their schedules, prices and parts, lots and their way, payments and services."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Schema, Status
from ninja.files import UploadedFile

from blanko.doors.api import supply
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting
from blanko.records.procurement import amending, importing, material, operations, queries, sheets, stock
from blanko.records.procurement.rules import BoxNotInLot, Hold, Stage

# Reading and writing of one address stand on one router: Django asks the first that knows the address.
router = supply.router
SERVICE = "svc.procurement"


class TenderRequest(Schema):
    tender_no: str
    title: str
    quantity: int
    outcome: Literal["awarded", "failed"]
    decided_on: date
    source: str
    bidders: int | None = None
    ceiling_idr: int | None = None
    owner_estimate_idr: int | None = None
    winner: str = ""
    award_idr: int | None = None
    rup_code: str = ""
    spse_code: str = ""
    method: Literal["tender", "catalogue", "direct"] = "tender"
    budget_on: date | None = None
    announced_on: date | None = None
    objection_until: date | None = None


class Due(Schema):
    due_on: date
    quantity: int


class ContractRequest(Schema):
    contract_no: str
    supplier: str
    signed_on: date
    quantity: int
    unit_price_idr: int
    total_idr: int
    box_size: int
    source: str
    tender_no: str | None = None
    kind: Literal["tender", "catalogue"] = "tender"
    ends_on: date | None = None
    box_sizes: list[int] = []
    lead_days: dict[Stage, int] = {}
    spoilage_per_mille: int = 0
    penalty_per_mille_day: int = 1
    penalty_cap_per_mille: int = 50
    is_estimated: bool = False
    deliveries: list[Due] = []
    price_breaks: list[stock.Break] = []


class ScheduleRequest(Schema):
    deliveries: list[Due]


class PricesRequest(Schema):
    price_breaks: list[stock.Break]


class AmendmentRequest(Schema):
    """What is not named stays as the version before has it."""

    document: str
    reason: str
    from_date: date
    quantity: int | None = None
    unit_price_idr: int | None = None
    ends_on: date | None = None
    deliveries: list[Due] | None = None
    price_breaks: list[stock.Break] | None = None


class Part(Schema):
    part: str
    title: str = ""
    country: str
    stage: Stage
    lead_days: int
    needs: list[str] = []
    source: str = ""


class MaterialRequest(Schema):
    parts: list[Part]


class LotRequest(Schema):
    lot_no: str
    contract_no: str
    series: str
    first_box: int
    box_count: int
    announced_on: date | None = None
    box_size: int | None = None
    delivery_no: int | None = None
    is_estimated: bool = False


class StageRequest(Schema):
    stage: Stage
    on: date
    held_for: list[Hold] = []
    note: str = ""
    is_estimated: bool = False


class Rejected(Schema):
    box_no: int
    reason: str


class AcceptanceRequest(Schema):
    bast_no: str
    on: date
    rejected: list[Rejected] = []
    is_estimated: bool = False


class PaymentRequest(Schema):
    payment_no: str
    lot_no: str
    quantity: int
    paid_on: date
    penalty_idr: int = 0
    note: str = ""


class Paid(Schema):
    payment_no: str
    amount_idr: int


class ServiceRequest(Schema):
    service_no: str
    title: str
    supplier: str
    starts_on: date
    ends_on: date
    source: str
    amount_idr: int | None = None
    follows: str | None = None


class NoticeCell(Schema):
    row: int
    column: str
    value: str
    reason: str
    mend: str


class NoticeRow(Schema):
    """``change``: new, or changed when the portal said something else of this code before."""

    row: int
    change: str
    code: str
    title: str


class NoticePreview(Schema):
    kind: str
    read: int
    unchanged: int
    rows: list[NoticeRow]
    refused: list[NoticeCell]
    mapping: dict[str, str]
    ignored: list[str]


class Imported(Schema):
    file: str
    kind: str
    read: int
    accepted: int
    unchanged: int
    refused: int
    sha256: str
    seen_before: bool
    mapping: dict[str, str]
    ignored: list[str]


@contextmanager
def _acting(request: HttpRequest) -> Iterator[dict[str, Any]]:
    """One transaction in the officer's name; what an operation takes beside its own terms."""
    by = acting_officer(request, SERVICE)
    with acting(principal=by):
        yield {"by": by, "at": timezone.now()}


@contextmanager
def _uploaded(file: UploadedFile) -> Iterator[tuple[Path, str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        yield path, Path(str(file.name)).name[:200]


@router.post("/procurement/tenders", response={201: supply.Tender}, summary="Register a tender, won or failed")
def register_tender(request: HttpRequest, asked: TenderRequest) -> Status[dict[str, Any]]:
    with _acting(request) as who:
        operations.register_tender(**asked.dict(), **who)
        return Status(201, next(row for row in queries.tenders() if row["tender_no"] == asked.tender_no))


@router.post("/procurement/contracts", response={201: supply.WholeContract}, summary="Register a signed contract")
def sign_contract(request: HttpRequest, asked: ContractRequest) -> Status[dict[str, Any]]:
    given = asked.dict(exclude={"deliveries", "price_breaks"})
    with _acting(request) as who:
        operations.sign_contract(
            **given, deliveries=[(due.due_on, due.quantity) for due in asked.deliveries],
            price_breaks=_steps(asked.price_breaks), **who,
        )  # fmt: skip
        return Status(201, queries.contract(asked.contract_no))


@router.post(
    "/procurement/contracts/{contract_no}/schedule", response={201: list[stock.Kept]},
    summary="Add planned deliveries after those that stand",
)  # fmt: skip
def schedule(request: HttpRequest, contract_no: str, asked: ScheduleRequest) -> Status[list[stock.Kept]]:
    with _acting(request) as who:
        due = [(item.due_on, item.quantity) for item in asked.deliveries]
        operations.schedule_deliveries(contract_no=contract_no, deliveries=due, **who)
        return Status(201, queries.schedule(contract_no, as_of=timezone.localdate()))


@router.post(
    "/procurement/contracts/{contract_no}/prices", response={201: supply.WholeContract},
    summary="Add the price breaks of a contract that has none",
)  # fmt: skip
def prices(request: HttpRequest, contract_no: str, asked: PricesRequest) -> Status[dict[str, Any]]:
    with _acting(request) as who:
        operations.agree_prices(contract_no=contract_no, price_breaks=_steps(asked.price_breaks), **who)
        return Status(201, queries.contract(contract_no))


@router.post(
    "/procurement/contracts/{contract_no}/material", response={201: supply.Material},
    summary="Say what the cards of a contract are made of; a circle of parts is refused",
)  # fmt: skip
def parts(request: HttpRequest, contract_no: str, asked: MaterialRequest) -> Status[dict[str, Any]]:
    given = [
        material.Part(
            part.part, part.title or part.part, part.country, part.stage, part.lead_days, tuple(part.needs), part.source
        )
        for part in asked.parts
    ]
    with _acting(request) as who:
        operations.register_material(contract_no=contract_no, parts=given, **who)
        return Status(201, supply.parts(request, contract_no))


@router.post(
    "/procurement/contracts/{contract_no}/amendments", response={201: supply.WholeContract},
    summary="Change a contract by an addendum: a new version beside those that were",
)  # fmt: skip
def amend(request: HttpRequest, contract_no: str, asked: AmendmentRequest) -> Status[dict[str, Any]]:
    given = asked.dict(exclude={"deliveries", "price_breaks"})
    with _acting(request) as who:
        amending.amend_contract(
            contract_no=contract_no, **given, **who,
            deliveries=None if asked.deliveries is None else [(due.due_on, due.quantity) for due in asked.deliveries],
            price_breaks=None if asked.price_breaks is None else _steps(asked.price_breaks),
        )  # fmt: skip
        return Status(201, queries.contract(contract_no))


def _steps(breaks: list[stock.Break]) -> list[tuple[int, int]]:
    return [(step.from_quantity, step.unit_price_idr) for step in breaks]


SHEETS: dict[str, Callable[..., int]] = {
    "schedule": lambda contract_no, path, name, who: operations.schedule_deliveries(
        contract_no=contract_no, deliveries=sheets.schedule(path, name=name), **who
    ),
    "prices": lambda contract_no, path, name, who: operations.agree_prices(
        contract_no=contract_no, price_breaks=sheets.price_breaks(path, name=name), **who
    ),
    "material": lambda contract_no, path, name, who: operations.register_material(
        contract_no=contract_no, parts=sheets.parts(path, name=name), **who
    ),
}


@router.post(
    "/procurement/contracts/{contract_no}/sheets/{kind}", response={201: supply.WholeContract},
    summary="Take a contract's schedule, prices or material from a CSV, XLSX or Parquet file",
)  # fmt: skip
def sheet(
    request: HttpRequest, contract_no: str, kind: Literal["schedule", "prices", "material"], file: File[UploadedFile]
) -> Status[dict[str, Any]]:
    with _uploaded(file) as (path, name), _acting(request) as who:
        SHEETS[kind](contract_no, path, name, who)
        return Status(201, queries.contract(contract_no))


@router.post("/procurement/lots", response={201: supply.Lot}, summary="Announce a lot of sealed boxes")
def announce(request: HttpRequest, asked: LotRequest) -> Status[dict[str, Any]]:
    with _acting(request) as who:
        operations.announce_lot(**asked.dict(), **who)
        return Status(201, supply.lot_as_json(queries.lots(lot_no=asked.lot_no)[0]))


@router.post(
    "/procurement/lots/{lot_no}/stages", response={201: supply.Lot}, summary="Report that a lot reached a stage"
)
def advance(request: HttpRequest, lot_no: str, asked: StageRequest) -> Status[dict[str, Any]]:
    with _acting(request) as who:
        operations.advance_lot(lot_no=lot_no, **asked.dict(), **who)
        return Status(201, supply.lot_as_json(queries.lots(lot_no=lot_no)[0]))


@router.post(
    "/procurement/lots/{lot_no}/acceptance", response={201: supply.Lot},
    summary="Accept a released lot by its BAST, but for its rejected boxes",
)  # fmt: skip
def accept(request: HttpRequest, lot_no: str, asked: AcceptanceRequest) -> Status[dict[str, Any]]:
    numbers = [box.box_no for box in asked.rejected]
    if twice := next((number for number in numbers if numbers.count(number) > 1), None):
        raise BoxNotInLot("box {number} is named twice", mend="name each rejected box once", number=twice)
    with _acting(request) as who:
        operations.accept_lot(
            lot_no=lot_no, bast_no=asked.bast_no, on=asked.on, is_estimated=asked.is_estimated,
            rejected={box.box_no: box.reason for box in asked.rejected}, **who,
        )  # fmt: skip
        return Status(201, supply.lot_as_json(queries.lots(lot_no=lot_no)[0]))


@router.post("/procurement/payments", response={201: Paid}, summary="Pay accepted blanks of a lot at its price")
def pay(request: HttpRequest, asked: PaymentRequest) -> Status[dict[str, Any]]:
    with _acting(request) as who:
        amount = operations.pay(**asked.dict(), **who)
    return Status(201, {"payment_no": asked.payment_no, "amount_idr": amount})


@router.post("/procurement/services", response={201: supply.Service}, summary="Register a service contract")
def register_service(request: HttpRequest, asked: ServiceRequest) -> Status[dict[str, Any]]:
    with _acting(request) as who:
        operations.register_service(**asked.dict(), **who)
        return Status(201, next(row for row in queries.services() if row["service_no"] == asked.service_no))


@router.post("/procurement/notices", response={201: Imported}, summary="Take a list of SiRUP or SPSE in")
def import_notices(
    request: HttpRequest, file: File[UploadedFile], kind: Form[Literal["plan", "tender"] | None] = None
) -> Status[dict[str, Any]]:
    """Refused rows are counted; their causes stand in the rejects on this machine (`./blanko procurement import`)."""
    with _uploaded(file) as (path, name), _acting(request) as who:
        result = importing.import_notices(path=path, kind=kind, name=name, data_dir=settings.DATA_DIR, **who)
    return Status(201, result.as_json())


@router.post(
    "/procurement/notices/preview", response=NoticePreview,
    summary="What a list of SiRUP or SPSE would bring, and every refused cell; nothing is stored",
)  # fmt: skip
def preview_notices(
    request: HttpRequest, file: File[UploadedFile], kind: Form[Literal["plan", "tender"] | None] = None
) -> dict[str, Any]:
    with _uploaded(file) as (path, name):
        found = importing.preview_notices(path=path, kind=kind, name=name)
    return {
        "kind": found.kind, "read": found.read, "unchanged": found.unchanged, "mapping": found.mapping,
        "ignored": list(found.ignored),
        "rows": [
            {"row": row, "change": change, "code": content["code"], "title": content["title"]}
            for row, change, content in found.rows
        ],
        "refused": [
            {"row": reject.row, **cause._asdict()} for reject in found.refused for cause in reject.causes
        ],
    }  # fmt: skip
