"""Read the spoilage register, old cards, batches and holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from blanko.cards.custody import queries as custody
from blanko.cards.custody.rules import Line
from blanko.cards.destruction import rules
from blanko.cards.destruction.models import (
    BatchBlanks,
    BatchCard,
    BatchStep,
    DestructionBatch,
    LegalHold,
    LiftedHold,
    Photograph,
    RegisteredOldCard,
    Witness,
)
from blanko.cards.destruction.rules import Spoiled, Step, WitnessGiven
from blanko.ground.database import sql
from blanko.kernel.boxes import BoxId


def _rows(file: str, **values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text(__package__, file), values)
        return list(cursor.fetchall())


def spoiled(*, office: str | None = None) -> list[Spoiled]:
    """The spoilage register: every blank that lies spoiled, with its reason, since when, and its batch, in order."""
    found: list[Spoiled] = []
    ways: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for series, box_no, first, last, place, lot, batch in _rows("spoiled.sql", office=office):
        if (series, box_no) not in ways:
            ways[series, box_no] = custody.way_of(str(BoxId(series, box_no)))
        for low, high, why in _explained(first, last, ways[series, box_no]):
            since = timezone.localtime(why["at"]).date() if why else None
            reason, by = (str(why["reason"]), str(why["by"])) if why else ("", "")
            found.append(Spoiled(series, box_no, low, high, place, lot, batch, since, reason, by))
    return found


def free(office: str) -> tuple[list[Line], list[str]]:
    """What an office may lay aside: spoiled blanks as lines, and numbers of old cards, that lie in no batch."""
    lying = [piece for piece in spoiled(office=office) if not piece.batch]
    return [Line(*piece[:4]) for piece in lying], [row["number"] for row in old_cards(office=office)]


def _explained(
    first: int, last: int, steps: Iterable[Mapping[str, Any]]
) -> list[tuple[int, int, Mapping[str, Any] | None]]:
    """Blanks ``first`` to ``last`` in pieces, each with the step that spoiled it last."""
    pieces: list[tuple[int, int, Mapping[str, Any] | None]] = [(first, last, None)]
    for step in steps:
        if step["kind"] != "spoilage":
            continue
        cut: list[tuple[int, int, Mapping[str, Any] | None]] = []
        for low, high, why in pieces:
            inside = (max(low, step["first"]), min(high, step["last"]))
            if inside[0] > inside[1]:
                cut.append((low, high, why))
                continue
            cut += [(low, inside[0] - 1, why)] if low < inside[0] else []
            cut.append((*inside, step))
            cut += [(inside[1] + 1, high, why)] if inside[1] < high else []
        pieces = cut
    return pieces


def old_cards(*, office: str | None = None, waiting: bool = True) -> list[dict[str, Any]]:
    """Old cards with the batch in which they lie; with ``waiting`` only those that no batch holds."""
    found = RegisteredOldCard.objects.all() if office is None else RegisteredOldCard.objects.filter(office=office)
    rows = list(found.order_by("at", "number").values("number", "serial", "kind", "reason", "office", "by", "at"))
    lies_in = dict(BatchCard.objects.filter(number__in=[row["number"] for row in rows]).values_list("number", "batch"))
    told = [{**row, "batch": lies_in.get(row["number"], "")} for row in rows]
    return [row for row in told if not row["batch"]] if waiting else told


def batches(*, office: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """Batches with their state, the newest first."""
    found = DestructionBatch.objects.all() if office is None else DestructionBatch.objects.filter(office=office)
    return [_with_state(row) for row in found.order_by("-event_id").values()[:limit]]


def batch(name: str) -> dict[str, Any]:
    """A batch whole: what lies in it, witnesses, photographs, steps, and the holds that forbid it.

    Raises UnknownBatch.
    """
    row = DestructionBatch.objects.filter(pk=name).values().first()
    if row is None:
        raise rules.UnknownBatch("there is no batch {batch}", mend="choose one of the list", batch=name)
    steps = BatchStep.objects.filter(batch=name).order_by("seq")
    witnesses = Witness.objects.filter(batch=name).order_by("number")
    photos = Photograph.objects.filter(batch=name).order_by("at", "sha256")
    cards = RegisteredOldCard.objects.filter(number__in=row["cards"]).order_by("number")
    return {
        **_with_state(row),
        "ranges": [rules.written(line) for line in row["lines"]],
        "card_rows": list(cards.values("number", "serial", "kind", "reason")),
        "steps": list(steps.values("seq", "step", "after", "reason", "paper_no", "movement", "by", "at")),
        "witnesses": list(witnesses.values("number", "name", "body", "title", "identity")),
        "photos": list(photos.values("sha256", "name", "media", "bytes", "by", "at")),
        "holds": [hold for hold in holds() if _forbids(hold, row)],
    }


def witnesses_of(name: str) -> list[WitnessGiven]:
    """The witnesses of a batch in their order."""
    found = Witness.objects.filter(batch=name).order_by("number")
    return [WitnessGiven(*row) for row in found.values_list("name", "body", "title", "identity")]


def last_step(name: str) -> dict[str, Any] | None:
    """The newest step of a batch."""
    return BatchStep.objects.filter(batch=name).order_by("-seq").values().first()


def holds(*, lifted: bool = False) -> list[dict[str, Any]]:
    """Holds that are in force, the newest first; with ``lifted`` also those that ended, with who lifted them."""
    ended = {row["hold"]: row for row in LiftedHold.objects.values("hold", "reason", "by", "second", "at")}
    rows = LegalHold.objects.order_by("-event_id").values(
        "hold", "target", "office", "batch", "series", "box_no", "reason", "paper", "by", "second", "at"
    )
    return [{**row, "lifted": ended.get(row["hold"])} for row in rows if lifted or row["hold"] not in ended]


def _forbids(hold: Mapping[str, Any], batch_row: Mapping[str, Any]) -> bool:
    if hold["target"] == "box":
        inside = BatchBlanks.objects.filter(batch=batch_row["batch"], series=hold["series"], box_no=hold["box_no"])
        return bool(inside.exists())
    return bool(
        hold["batch"] == batch_row["batch"] if hold["target"] == "batch" else hold["office"] == batch_row["office"]
    )


def balance_at(movement: str) -> tuple[int, int] | None:
    """Spoiled blanks of the office before and after the movement that destroyed some; None when it is unknown."""
    found = _rows("at_step.sql", movement=movement)
    return (int(found[0][0]), int(found[0][1])) if found else None


def destroyed(*, office: str | None = None) -> dict[str, int]:
    """Batches, blanks and old cards that were destroyed."""
    done = BatchStep.objects.filter(step=Step.DESTROY).values("batch")
    found = DestructionBatch.objects.filter(batch__in=done)
    rows = found.filter(office=office) if office else found
    sums: dict[str, int] = defaultdict(int)
    for blanks, cards in rows.values_list("blanks", "old_cards"):
        sums["batches"] += 1
        sums["blanks"] += blanks
        sums["old_cards"] += cards
    return {name: sums[name] for name in ("batches", "blanks", "old_cards")}


def _with_state(row: dict[str, Any]) -> dict[str, Any]:
    step = last_step(row["batch"])
    state: Sequence[Any] = (
        (step["after"], step["at"], step["paper_no"], step["movement"]) if step else ("", None, "", "")
    )
    made: datetime = row["at"]
    kept = {key: value for key, value in row.items() if key != "event_id"}
    return {**kept, "state": state[0], "since": state[1] or made, "paper_no": state[2], "movement": state[3]}
