"""Where every blank is, who moves it, and what receivers find wrong."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from blanko.cards.counting import queries as counts
from blanko.cards.custody import arrivals, manifest_store, operations, papers, queries
from blanko.cards.custody.rules import Condition, Key, Kind, Line, conditions_of
from blanko.cards.custody.transit import Discrepancy, DiscrepancyKind, Leg, Mode, Resolution
from blanko.cards.issuance import following
from blanko.doors.api.downloads import of_type
from blanko.doors.api.officers import acting_officer
from blanko.ground.access.acting import acting, acting_alone
from blanko.kernel.boxes import BoxId

router = Router()
SENDS = Literal["dispatch", "loan", "transfer"]
CHANGES = Literal["quarantine", "release", "spoilage", "loss", "finding", "correction"]


class Holding(Schema):
    office: str
    # None while the office is being counted: a counter must not know what the book says.
    good: int | None
    in_transit_in: int


class Step(Schema):
    at: datetime
    movement: str
    kind: str
    phase: str
    from_office: str | None
    to_office: str | None
    by: str
    before: str | None
    after: str | None
    lot: str | None
    first: int
    last: int
    papers: dict[str, Any]
    reason: str
    event: int


class Place(Schema):
    series: str
    box_no: int
    first: int
    last: int
    condition: str
    office: str | None
    movement: str | None
    lot: str
    sealed: bool


class Pending(Schema):
    movement: str
    kind: str
    from_office: str
    to_office: str
    quantity: int
    by: str
    at: datetime
    papers: dict[str, Any]
    due_at: datetime
    carrier: str | None
    answerable: str | None


class LegOf(Schema):
    mode: Mode
    from_place: str
    to_place: str
    carrier: str
    answerable: str
    due_at: datetime
    seals: list[str] = []
    assignment_no: str = ""
    identity_checked: str = ""


class LineOf(Schema):
    series: str
    box_no: int
    first: int
    last: int


class DiscrepancyOf(Schema):
    movement: str
    number: int
    kind: str
    series: str
    box_no: int
    first: int
    last: int
    identifier: str
    office: str
    from_office: str
    owner: str
    note: str
    by: str
    at: datetime
    resolution: str | None
    resolved_at: datetime | None
    resolved_by: str | None


class MovementDetail(Schema):
    movement: str
    kind: str
    condition: str
    phase: str
    from_office: str
    to_office: str
    by: str
    at: datetime
    lines: list[LineOf]
    legs: list[LegOf]
    discrepancies: list[DiscrepancyOf]


class Movement(Schema):
    movement: str


class DispatchRequest(Schema):
    from_office: str
    to_office: str
    boxes: list[str]
    device: str
    sequence: int
    papers: dict[str, str] = {}
    kind: SENDS = "dispatch"
    condition: Literal["good", "spoiled", "quarantined", "personalised"] = "good"
    legs: list[LegOf] = []


class Found(Schema):
    kind: DiscrepancyKind
    owner: str
    blanks: str = ""
    note: str = ""


class Arrived(Schema):
    """What arrived: the scans, when it was counted by scanning; and what no scan shows."""

    scans: list[str] | None = None
    found: list[Found] = []
    papers: dict[str, str] = {}


class OpenRequest(Schema):
    office: str
    box: str
    device: str
    sequence: int


class ChangeRequest(Schema):
    kind: CHANGES
    office: str
    blanks: list[str]
    reason: str
    device: str
    sequence: int
    before: str | None = None
    after: str | None = None
    corrects: str = ""


class Reason(Schema):
    reason: str


class ReturnRequest(Schema):
    reason: str
    device: str
    sequence: int


class HandOn(Schema):
    owner: str
    note: str


class Resolve(Schema):
    resolution: Resolution
    note: str


class ManifestTaken(Schema):
    lot_no: str
    boxes: int
    chips: int
    sha256: str
    repeated: bool


class Flow(Schema):
    place: str
    condition: str
    quantity: int


class Chip(Schema):
    uid: str
    serials: list[str]


@router.get("/custody/balance", response=dict[str, int], summary="Every blank: received is the sum of the rest")
def balance(request: HttpRequest) -> dict[str, int]:
    return queries.balance_sheet()


@router.get("/custody/holdings", response=list[Holding], summary="Good blanks of each office, and what is on its way")
def holdings(request: HttpRequest, office: str | None = None) -> list[dict[str, Any]]:
    hidden = counts.blind_offices()
    return [
        {"office": office, "good": None if office in hidden else held.good, "in_transit_in": held.in_transit_in}
        for office, held in sorted(queries.holdings(office=office).items())
    ]


@router.get("/custody/way/{identifier}", response=list[Step], summary="Every step of a box or a blank")
def way(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    return queries.way_of(identifier)


@router.get("/custody/places/{identifier}", response=list[Place], summary="Where a box's blanks, or one blank, are now")
def places(request: HttpRequest, identifier: str) -> list[dict[str, Any]]:
    return queries.places(identifier)


@router.get("/custody/flow", response=list[Flow], summary="Where the blanks of a lot, or of all, are by condition")
def flow(request: HttpRequest, lot: str | None = None) -> list[dict[str, Any]]:
    names = ("place", "condition", "quantity")
    return [dict(zip(names, row, strict=True)) for row in queries.flow(lot=lot)]


@router.get("/custody/chips/{uid}", response=Chip, summary="The blank that holds a chip, by the chip's UID")
def chip(request: HttpRequest, uid: str) -> dict[str, Any]:
    return {"uid": uid, "serials": queries.by_uid([uid])}


@router.post("/custody/manifests", response={201: ManifestTaken}, summary="Load a lot's manifest, whole or not at all")
def load_manifest(request: HttpRequest, lot_no: Form[str], file: File[UploadedFile]) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        with acting(principal=by):
            taken = manifest_store.load(
                path=path, lot_no=lot_no, store=settings.DATA_DIR / "originals", by=by, at=timezone.now(),
                shown=Path(str(file.name)).name[:200],
            )  # fmt: skip
    return Status(201, taken)


@router.get("/custody/movements", response=list[Pending], summary="What is on its way; or only what is overdue")
def on_the_way(request: HttpRequest, to_office: str | None = None, overdue: bool = False) -> list[dict[str, Any]]:
    return queries.on_the_way(to_office=to_office, overdue_at=timezone.now() if overdue else None)


@router.get("/custody/movements/{movement}", response=MovementDetail, summary="A movement: lines, legs, discrepancies")
def movement(request: HttpRequest, movement: str) -> dict[str, Any]:
    name = _named(movement)
    sent = queries.pending(name)
    return {
        "movement": name, "kind": sent.kind, "condition": sent.condition, "phase": sent.phase,
        "from_office": sent.from_office, "to_office": sent.to_office, "by": sent.by, "at": sent.at,
        "lines": [line._asdict() for line in sent.lines], "legs": queries.legs(name),
        "discrepancies": queries.discrepancies(movement=name, resolved_too=True),
    }  # fmt: skip


@router.get(
    "/custody/movements/{movement}/bast.pdf",
    summary="The record of hand-over as PDF",
    openapi_extra=of_type("application/pdf"),
)
def bast(request: HttpRequest, movement: str) -> HttpResponse:
    return HttpResponse(papers.bast(_named(movement)), content_type="application/pdf")


@router.post(
    "/custody/movements", response={201: Movement}, summary="Send blanks; the same device and sequence act once"
)
def dispatch(request: HttpRequest, asked: DispatchRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    lines = queries.lines_named(asked.boxes)
    legs = [Leg(**leg.dict()) for leg in asked.legs]
    with acting_alone(principal=by):
        made = operations.dispatch(
            consignment=lines, from_office=asked.from_office, to_office=asked.to_office,
            key=Key(asked.device, asked.sequence), by=by, at=timezone.now(), papers=asked.papers, kind=Kind(asked.kind),
            condition=Condition(asked.condition), legs=legs,
        )  # fmt: skip
    return Status(201, {"movement": made})


@router.post(
    "/custody/movements/{movement}/receive",
    response=list[DiscrepancyOf],
    summary="Take a movement over, with what was wrong; not by its sender",
)
def receive(request: HttpRequest, movement: str, asked: Arrived | None = None) -> list[dict[str, Any]]:
    by, name = acting_officer(request, "svc.custody"), _named(movement)
    said = asked or Arrived()
    found = [_found(item) for item in said.found]
    given: dict[str, Any] = {"movement": name, "by": by, "at": timezone.now(), "papers": said.papers}
    with acting_alone(principal=by):
        if said.scans is None:
            arrivals.receive_found(found=found, **given)
        else:
            arrivals.receive_scanned(scans=said.scans, further=found, **given)
    with acting(principal=by):
        following.follow(by=by, at=timezone.now(), office=queries.pending(name).from_office)
    return queries.discrepancies(movement=name)


@router.post("/custody/movements/{movement}/void", response=dict[str, int], summary="End a movement that never left")
def void(request: HttpRequest, movement: str, asked: Reason) -> dict[str, int]:
    by = acting_officer(request, "svc.custody")
    with acting_alone(principal=by):
        operations.void(movement=_named(movement), reason=asked.reason, by=by, at=timezone.now())
    return queries.balance_sheet()


@router.post("/custody/movements/{movement}/return", response={201: Movement}, summary="Send a movement back")
def send_back(request: HttpRequest, movement: str, asked: ReturnRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    with acting_alone(principal=by):
        made = operations.return_to_sender(
            movement=_named(movement), reason=asked.reason, key=Key(asked.device, asked.sequence), by=by,
            at=timezone.now(),
        )  # fmt: skip
    return Status(201, {"movement": made})


@router.post("/custody/openings", response={201: Movement}, summary="Break the seal of a box")
def open_box(request: HttpRequest, asked: OpenRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    box = BoxId.parse(asked.box)
    with acting_alone(principal=by):
        made = operations.open_box(
            series=box.series, box_no=box.number, office=asked.office, key=Key(asked.device, asked.sequence), by=by,
            at=timezone.now(),
        )  # fmt: skip
    return Status(201, {"movement": made})


@router.post(
    "/custody/changes",
    response={201: Movement},
    summary="Quarantine, release, spoil, lose, find or correct blanks of an office, with the reason",
)
def change(request: HttpRequest, asked: ChangeRequest) -> Status[dict[str, Any]]:
    by = acting_officer(request, "svc.custody")
    before, after = conditions_of(asked.kind, asked.before, asked.after)
    lines = queries.lines_named(asked.blanks)
    with acting_alone(principal=by):
        made = operations.change(
            kind=Kind(asked.kind), before=before, after=after, lines=lines, office=asked.office,
            key=Key(asked.device, asked.sequence), by=by, at=timezone.now(), reason=asked.reason,
            corrects=asked.corrects,
        )  # fmt: skip
    with acting(principal=by):
        following.follow(by=by, at=timezone.now(), office=asked.office)
    return Status(201, {"movement": made})


@router.get(
    "/custody/discrepancies", response=list[DiscrepancyOf], summary="What receivers found wrong, the oldest first"
)
def discrepancies(request: HttpRequest, office: str | None = None, resolved: bool = False) -> list[dict[str, Any]]:
    return queries.discrepancies(office=office, resolved_too=resolved)


@router.post(
    "/custody/discrepancies/{movement}/{number}/hand-on",
    response=list[DiscrepancyOf],
    summary="Make somebody else answer for a discrepancy",
)
def hand_on(request: HttpRequest, movement: str, number: int, asked: HandOn) -> list[dict[str, Any]]:
    by, name = acting_officer(request, "svc.custody"), _named(movement)
    with acting(principal=by):
        arrivals.hand_on(movement=name, number=number, owner=asked.owner, note=asked.note, by=by, at=timezone.now())
    return queries.discrepancies(movement=name, resolved_too=True)


@router.post(
    "/custody/discrepancies/{movement}/{number}/resolve",
    response=list[DiscrepancyOf],
    summary="End a discrepancy; not by who reported it",
)
def resolve(request: HttpRequest, movement: str, number: int, asked: Resolve) -> list[dict[str, Any]]:
    by, name = acting_officer(request, "svc.custody"), _named(movement)
    with acting(principal=by):
        arrivals.resolve(movement=name, number=number, as_=asked.resolution, note=asked.note, by=by, at=timezone.now())
    return queries.discrepancies(movement=name, resolved_too=True)


def _named(movement: str) -> str:
    """A movement's name holds a slash, which an address cannot: it is written ``~`` there."""
    return movement.replace("~", "/")


def _found(item: Found) -> Discrepancy:
    line: Line | None = None
    if item.blanks and item.kind in ("short", "broken_seal", "wrong_seal", "damaged"):
        lines = queries.lines_named([item.blanks])
        line = lines[0]
    return Discrepancy(item.kind, item.owner, line, "" if line else item.blanks, item.note)
