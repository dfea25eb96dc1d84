"""What lies spoiled, and how it is destroyed before witnesses."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile

from blanko.cards.custody.rules import Key
from blanko.cards.destruction import operations, papers, queries, rules
from blanko.cards.destruction.rules import WitnessGiven
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting

router = Router()


class Spoiled(Schema):
    series: str
    box_no: int
    first: int
    last: int
    quantity: int
    office: str
    lot: str
    batch: str
    since: date | None
    age: int | None
    reason: str
    by: str


class OldCardKept(Schema):
    number: str
    serial: str
    kind: str
    reason: str
    office: str
    by: str
    at: datetime
    batch: str


class OldCardRequest(Schema):
    number: str
    kind: Literal["ktp_el", "ktp_nasional"] = "ktp_el"
    serial: str = ""
    office: str
    reason: str


class Registered(Schema):
    number: str
    is_new: bool


class BatchHead(Schema):
    batch: str
    office: str
    regency: str
    blanks: int
    old_cards: int
    method: str
    place: str
    note: str
    by: str
    at: datetime
    state: str
    since: datetime
    paper_no: str
    movement: str
    lines: list[list[str | int]]
    cards: list[str]


class WitnessRow(Schema):
    number: int
    name: str
    body: str
    title: str
    identity: str


class Photo(Schema):
    sha256: str
    name: str
    media: str
    bytes: int
    by: str
    at: datetime


class BatchStep(Schema):
    seq: int
    step: str
    after: str
    reason: str
    paper_no: str
    movement: str
    by: str
    at: datetime


class Lifted(Schema):
    hold: str
    reason: str
    by: str
    second: str
    at: datetime


class Hold(Schema):
    hold: str
    target: str
    office: str
    batch: str
    series: str
    box_no: int | None
    reason: str
    paper: str
    by: str
    second: str
    at: datetime
    lifted: Lifted | None


class CardRow(Schema):
    number: str
    serial: str
    kind: str
    reason: str


class Batch(BatchHead):
    ranges: list[str]
    card_rows: list[CardRow]
    steps: list[BatchStep]
    witnesses: list[WitnessRow]
    photos: list[Photo]
    holds: list[Hold]


class BatchRequest(Schema):
    """``serials``: blanks or ranges (PB17-000042-0007..0020). ``everything``: all that lies spoiled and free there."""

    office: str
    serials: list[str] = []
    cards: list[str] = []
    everything: bool = False
    method: Literal["burned", "shredded", "cut", "melted"]
    place: str
    note: str = ""
    device: str
    sequence: int


class WitnessRequest(Schema):
    name: str
    body: str
    title: str = ""
    identity: str


class DestroyRequest(Schema):
    paper_no: str
    counted_blanks: int
    counted_cards: int = 0


class Reason(Schema):
    reason: str


class HoldRequest(Schema):
    target: Literal["batch", "office", "box"]
    what: str
    reason: str
    paper: str = ""
    second: str
    device: str
    sequence: int


class LiftRequest(Schema):
    reason: str
    second: str


class HoldName(Schema):
    hold: str


def _named(name: str) -> str:
    """A name may hold a slash, which an address cannot: it is written ``~`` there."""
    return name.replace("~", "/")


@router.get("/destruction/spoiled", response=list[Spoiled], summary="Every spoiled blank of an office, why and how old")
def spoiled(request: HttpRequest, office: str) -> list[dict[str, Any]]:
    today = timezone.localdate()
    return [
        {**piece._asdict(), "quantity": piece.quantity, "age": piece.age(today)}
        for piece in queries.spoiled(office=office)
    ]


@router.get(
    "/destruction/old-cards", response=list[OldCardKept], summary="Cards that were given back; waiting ones only"
)
def old_cards(request: HttpRequest, office: str, waiting: bool = True) -> list[dict[str, Any]]:
    return queries.old_cards(office=office, waiting=waiting)


@router.post("/destruction/old-cards", response={201: Registered}, summary="Register a card that was given back")
def register(request: HttpRequest, asked: OldCardRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        is_new = operations.register_old_card(**asked.dict(), by=by, at=timezone.now())
    return Status(201, {"number": asked.number, "is_new": is_new})


@router.get("/destruction/batches", response=list[BatchHead], summary="Batches with their state, newest first")
def batches(request: HttpRequest, office: str | None = None) -> list[dict[str, Any]]:
    return queries.batches(office=office)


@router.get("/destruction/batches/{batch}", response=Batch, summary="A batch whole")
def one_batch(request: HttpRequest, batch: str) -> dict[str, Any]:
    return queries.batch(_named(batch))


@router.get(
    "/destruction/batches/{batch}/berita-acara.pdf", openapi_extra=of_type("application/pdf"),
    summary="The Berita Acara; a draft until the batch is destroyed",
)  # fmt: skip
def berita_acara(request: HttpRequest, batch: str) -> HttpResponse:
    return HttpResponse(papers.berita_acara(_named(batch)), content_type="application/pdf")


@router.post("/destruction/batches", response={201: Batch}, summary="Lay spoiled blanks and old cards aside")
def assemble(request: HttpRequest, asked: BatchRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    lines, cards = list(rules.parse_lines(asked.serials)), asked.cards
    if asked.everything:
        lines, cards = queries.free(asked.office)
    with acting(principal=by):
        name = operations.assemble(
            office=asked.office, lines=lines, cards=cards, method=asked.method, place=asked.place, note=asked.note,
            key=Key(asked.device, asked.sequence), by=by, at=timezone.now(),
        )  # fmt: skip
    return Status(201, queries.batch(name))


@router.post("/destruction/batches/{batch}/witnesses", response={201: Batch}, summary="Name a witness and the body")
def add_witness(request: HttpRequest, batch: str, asked: WitnessRequest) -> Status[dict[str, Any]]:
    by, name = acting_officer(request, "svc.custody"), _named(batch)
    with acting(principal=by):
        operations.add_witness(batch=name, witness=WitnessGiven(**asked.dict()), by=by, at=timezone.now())
    return Status(201, queries.batch(name))


@router.post("/destruction/batches/{batch}/photos", response={201: Batch}, summary="Keep a photograph as it came")
def add_photo(request: HttpRequest, batch: str, file: File[UploadedFile]) -> Status[dict[str, Any]]:
    by, name = acting_officer(request, "svc.custody"), _named(batch)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        with acting(principal=by):
            operations.add_photograph(
                batch=name, path=path, name=Path(str(file.name)).name, data_dir=settings.DATA_DIR, by=by,
                at=timezone.now(),
            )  # fmt: skip
    return Status(201, queries.batch(name))


@router.post("/destruction/batches/{batch}/destroy", response=Batch, summary="It was destroyed before its witnesses")
def destroy(request: HttpRequest, batch: str, asked: DestroyRequest) -> dict[str, Any]:
    by, name = acting_officer(request, "svc.custody"), _named(batch)
    with acting(principal=by):
        operations.destroy(batch=name, **asked.dict(), by=by, at=timezone.now())
    return queries.batch(name)


@router.post("/destruction/batches/{batch}/cancel", response=Batch, summary="End a batch that is not destroyed")
def cancel(request: HttpRequest, batch: str, asked: Reason) -> dict[str, Any]:
    by, name = acting_officer(request, "svc.custody"), _named(batch)
    with acting(principal=by):
        operations.cancel(batch=name, reason=asked.reason, by=by, at=timezone.now())
    return queries.batch(name)


@router.get("/destruction/holds", response=list[Hold], summary="What must not be destroyed")
def holds(request: HttpRequest, lifted: bool = False) -> list[dict[str, Any]]:
    return queries.holds(lifted=lifted)


@router.post("/destruction/holds", response={201: HoldName}, summary="Two officers forbid a destruction")
def hold(request: HttpRequest, asked: HoldRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        name = operations.hold(
            target=asked.target, what=asked.what, reason=asked.reason, paper=asked.paper, second=asked.second,
            key=Key(asked.device, asked.sequence), by=by, at=timezone.now(),
        )  # fmt: skip
    return Status(201, {"hold": name})


@router.post("/destruction/holds/{hold}/lift", response=list[Hold], summary="Two officers end a hold")
def lift(request: HttpRequest, hold: str, asked: LiftRequest) -> list[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting(principal=by):
        operations.lift(hold=_named(hold), reason=asked.reason, by=by, second=asked.second, at=timezone.now())
    return queries.holds(lifted=True)
