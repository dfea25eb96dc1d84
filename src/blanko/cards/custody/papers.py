"""The record of hand-over (BAST) of a movement as PDF. The same movement gives the same bytes."""

from __future__ import annotations

from importlib.resources import files as package_files
from typing import Any

from django.utils import timezone

from blanko.cards.custody import queries
from blanko.cards.custody.rules import CENTRE, Condition, Kind, Line, Phase
from blanko.cards.custody.transit import NOT_HERE, TO_EXAMINE, UNNAMED_COURIER
from blanko.ground.files import papers
from blanko.ground.places import gazetteer
from blanko.kernel import wording
from blanko.kernel.errors import BlankoError

CARRIERS = {UNNAMED_COURIER: "kurir Direktorat Jenderal"}
KINDS = {
    Kind.DISPATCH: "pengiriman", Kind.LOAN: "pinjaman antar kabupaten/kota", Kind.TRANSFER: "pengiriman KTP-el",
    Kind.RETURN: "pengembalian",
}  # fmt: skip
CONDITIONS = {
    Condition.GOOD: "baik", Condition.QUARANTINED: "dikarantina", Condition.SPOILED: "rusak",
    Condition.PERSONALISED: "telah dicetak",
}  # fmt: skip
DISCREPANCIES = {
    "short": "tidak diterima", "broken_seal": "segel rusak", "wrong_seal": "segel lain", "damaged": "blanko rusak",
    "surplus": "di luar kiriman", "unknown_serial": "nomor tidak dikenal", "wrong_office": "untuk kantor lain",
    "wrong_papers": "surat tidak sesuai",
}  # fmt: skip


class NotHandedOver(BlankoError):
    """The movement was not taken over: there is nothing to sign for."""


def bast(movement: str) -> bytes:
    """The record of hand-over of a movement that was taken over. Raises UnknownMovement, NotHandedOver."""
    return papers.render(str(package_files(__package__) / "paper" / "bast.typ"), bast_data(movement))


def bast_data(movement: str) -> dict[str, Any]:
    """What the record says, as plain text and lists. Raises UnknownMovement, NotHandedOver."""
    sent, ended = queries.pending(movement), queries.ending(movement)
    if ended is None or ended["phase"] != Phase.POSTED:
        raise NotHandedOver(
            "movement {movement} is {phase}", mend="the record is written when it is taken over", movement=movement,
            phase=sent.phase,
        )  # fmt: skip
    wrong = queries.discrepancies(movement=movement, resolved_too=True)
    received, left = timezone.localtime(ended["at"]).date(), timezone.localtime(sent.at).date()
    total = sum(line.quantity for line in sent.lines)
    return {
        "head": wording.HEAD,
        "number": f"BAST/{movement}",
        "code": movement,
        "date": wording.day(received),
        "sent_on": wording.day(left),
        "from_name": _name(sent.from_office),
        "to_name": _name(sent.to_office),
        "kind": KINDS.get(sent.kind, str(sent.kind)),
        "sender_name": sent.by,
        "receiver_name": ended["by"],
        "sent_place": wording.day(left),
        "receive_place": wording.day(received),
        "blanks": wording.grouped(total),
        "blanks_words": wording.in_words(total),
        "event": str(ended["event_id"]),
        "lines": [
            {"no": str(number), "what": what, "condition": CONDITIONS[sent.condition], "blanks": wording.grouped(many)}
            for number, (what, many) in enumerate(_runs(sent.lines), 1)
        ],
        "legs": [
            {
                "way": f"{_name(leg['from_place'])} – {_name(leg['to_place'])}",
                "carrier": CARRIERS.get(leg["carrier"], leg["carrier"]),
                "answerable": leg["answerable"],
                "seals": ", ".join(leg["seals"]) or "–",
            }
            for leg in queries.legs(movement)
        ],
        "wrong": [
            {"no": str(row["number"]), "kind": DISCREPANCIES[row["kind"]], "what": _what(row), "owner": row["owner"]}
            for row in wrong
        ],
        "short": wording.grouped(_blanks(wrong, NOT_HERE)),
        "held": wording.grouped(_blanks(wrong, TO_EXAMINE)),
    }  # fmt: skip


def _blanks(wrong: list[dict[str, Any]], kinds: frozenset[Any]) -> int:
    return sum(row["last"] - row["first"] + 1 for row in wrong if row["kind"] in kinds)


def _what(row: dict[str, Any]) -> str:
    return str(row["identifier"] or _piece(Line(row["series"], row["box_no"], row["first"], row["last"])))


def _piece(line: Line) -> str:
    return f"{line.box} ({line.first:04d} s.d. {line.last:04d})"


def _runs(lines: tuple[Line, ...]) -> list[tuple[str, int]]:
    """Neighbouring boxes of one size as one row; blanks of an opened box as their own."""
    found: list[list[Line]] = []
    for line in lines:
        last = found[-1][-1] if found else None
        alike = last is not None and (last.series, last.box_no + 1, last.first, last.last) == (
            line.series, line.box_no, 1, line.last,
        )  # fmt: skip
        if alike:
            found[-1].append(line)
        else:
            found.append([line])
    return [
        (
            _piece(run[0]) if len(run) == 1 else f"{run[0].box} s.d. {run[-1].box} ({len(run)} dus)",
            sum(line.quantity for line in run),
        )
        for run in found
    ]


def _name(place: str) -> str:
    if place == CENTRE:
        return wording.CENTRE_NAME
    if place.isdigit() and len(place) in (2, 4):
        return f"Dinas Kependudukan dan Pencatatan Sipil {gazetteer.name_of(place)}"
    return place
