"""The room's own tables as files: tenders, services, lots, stages, acceptances and payments, out and in again.

A list that comes in does what its rows say, in their order, through the room's operations; a row that stands already
changes nothing. Half a list would be another list: while one row is refused nothing is stored, and every refused row is
named with its cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

from django.db.transaction import atomic, set_rollback

from blanko.ground.files.rejects import Cause
from blanko.ground.files.spreadsheets import csv_bytes, xlsx_bytes
from blanko.kernel.errors import BlankoError, InvalidValue
from blanko.records.procurement import models, notices, operations, rules, sheets
from blanko.records.procurement.sheets import BadSheet, Sheet

Row = dict[str, Any]
_WHOLE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+|[0-9]{1,15}")
_DAY = (notices.day, "no_date", "write the day as YYYY-MM-DD or DD-MM-YYYY")
_BETWEEN = re.compile(r"\s*[;\n]\s*")


class UnknownList(BlankoError, LookupError):
    """No list has this name."""


class RowsRefused(BadSheet):
    """Rows of a list cannot be done; ``refused`` and ``causes`` have each with its row, column, value and error."""

    refused: Sequence[tuple[int, str, str, BlankoError]] = ()


def _whole(text: str) -> int | None:
    return int(re.sub("[.,]", "", text)) if _WHOLE.fullmatch(text) else None


def _above(text: str) -> int | None:
    return _whole(text) or None


def _word(*words: str) -> tuple[Callable[[str], Any], str, str]:
    return (lambda text: text if text in words else None, "unknown_choice", f"use one of {', '.join(words)}")


def _holds(text: str) -> list[str] | None:
    found = [word for word in re.split(r"\s*[,;]\s*", text) if word]
    return found if set(found) <= set(rules.Hold) else None


def _boxes(text: str) -> dict[int, str] | None:
    """Rejected boxes and their reasons: ``17=wet; 18=torn``."""
    found = {}
    for part in filter(None, _BETWEEN.split(text.strip())):
        number, between, reason = part.partition("=")
        if not between or not number.strip().isdecimal() or not reason.strip():
            return None
        found[int(number)] = reason.strip()
    return found


_COUNT = (_above, "not_a_count", "write a whole number above 0")
_AMOUNT = (_above, "no_amount", "write whole rupiah above 0")


@dataclass(frozen=True, slots=True)
class List:
    """A list's columns, the key of a row, what a row does, what stands, and which column a refusal is about."""

    sheet: Sheet
    key: tuple[str, ...]
    do: Callable[..., Any]
    standing: Callable[[], list[Row]]
    about: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.sheet.heads)


@dataclass(frozen=True, slots=True)
class Loaded:
    """``new``: rows that were (or would be) done, with their numbers; ``unchanged``: rows that stand already."""

    kind: str
    new: tuple[tuple[int, Row], ...]
    unchanged: int
    stored: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "read": len(self.new) + self.unchanged, "new": len(self.new),
            "unchanged": self.unchanged, "stored": self.stored,
            "rows": [{"row": number, **shown(row)} for number, row in self.new],
        }  # fmt: skip


def _values(model: Any, *columns: str) -> list[Row]:
    return list(model.objects.order_by("event_id", "pk").values(*columns))


def _acceptances() -> list[Row]:
    rejected: dict[str, dict[int, str]] = {}
    for lot, box, reason in models.RejectedBox.objects.order_by("lot_no", "box_no").values_list(
        "lot_no", "box_no", "reason"
    ):
        rejected.setdefault(lot, {})[box] = reason
    rows = _values(models.Acceptance, "lot_no", "bast_no", "accepted_on")
    return [{**row, "rejected": rejected.get(row["lot_no"], {})} for row in rows]


def _stages() -> list[Row]:
    rows = models.LotStage.objects.exclude(stage=rules.Stage.ACCEPTED).order_by("event_id", "pk")
    return list(rows.values("lot_no", "stage", "reached_on", "held_for", "note"))


def _accept(*, accepted_on: date, **given: Any) -> None:
    operations.accept_lot(on=accepted_on, **given)


def _advance(*, reached_on: date, **given: Any) -> None:
    operations.advance_lot(on=reached_on, **given)


_TENDER = (
    "tender_no", "title", "quantity", "outcome", "decided_on", "winner", "award_idr", "bidders", "ceiling_idr",
    "owner_estimate_idr", "method", "rup_code", "spse_code", "budget_on", "announced_on", "objection_until", "source",
)  # fmt: skip
_SERVICE = ("service_no", "title", "supplier", "starts_on", "ends_on", "amount_idr", "follows", "source")
_LOT = ("lot_no", "contract_no", "series", "first_box", "box_count", "box_size", "delivery_no", "announced_on")
_PAYMENT = ("payment_no", "lot_no", "quantity", "paid_on", "penalty_idr", "note")
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "tender_no": ("nomor tender", "no tender"), "title": ("judul", "nama paket", "uraian"),
    "quantity": ("jumlah", "jumlah blanko", "blanko", "kuantitas"), "outcome": ("hasil",),
    "decided_on": ("tanggal penetapan", "diputuskan"), "winner": ("pemenang",), "award_idr": ("nilai kontrak", "harga"),
    "bidders": ("peserta", "jumlah peserta"), "ceiling_idr": ("pagu",), "owner_estimate_idr": ("hps",),
    "method": ("metode",), "rup_code": ("kode rup", "kd_rup"), "spse_code": ("kode tender", "kd_tender"),
    "budget_on": ("tanggal anggaran",), "announced_on": ("diumumkan", "tanggal pengumuman"),
    "objection_until": ("batas sanggah",), "source": ("sumber",), "service_no": ("nomor layanan", "nomor kontrak"),
    "supplier": ("penyedia", "pemasok"), "starts_on": ("mulai",), "ends_on": ("berakhir", "sampai"),
    "amount_idr": ("nilai",), "follows": ("menggantikan",), "lot_no": ("nomor lot", "lot"),
    "contract_no": ("kontrak", "no kontrak"), "series": ("seri",), "first_box": ("dus pertama",),
    "box_count": ("jumlah dus",), "box_size": ("isi dus",), "delivery_no": ("nomor pengiriman",),
    "stage": ("tahap",), "reached_on": ("tercapai", "tanggal"), "held_for": ("tertahan karena",),
    "note": ("catatan", "keterangan"), "bast_no": ("nomor bast", "bast"), "accepted_on": ("tanggal bast", "diterima"),
    "rejected": ("dus ditolak", "ditolak"), "payment_no": ("nomor sp2d", "sp2d"), "paid_on": ("tanggal bayar",),
    "penalty_idr": ("denda",),
}  # fmt: skip
_READERS: Final[Mapping[str, tuple[Callable[[str], Any], str, str]]] = {
    **dict.fromkeys(("decided_on", "budget_on", "announced_on", "objection_until", "starts_on", "ends_on",
                     "reached_on", "accepted_on", "paid_on"), _DAY),
    **dict.fromkeys(("quantity", "bidders", "first_box", "box_count", "box_size", "delivery_no"), _COUNT),
    **dict.fromkeys(("award_idr", "ceiling_idr", "owner_estimate_idr", "amount_idr"), _AMOUNT),
    "penalty_idr": (_whole, "no_amount", "write whole rupiah from 0 up"),
    "outcome": _word("awarded", "failed"), "method": _word("tender", "catalogue", "direct"),
    "stage": _word(*(str(stage) for stage in rules.Stage if stage is not rules.Stage.ACCEPTED)),
    "held_for": (_holds, "unknown_choice", f"use {', '.join(rules.Hold)}, with a comma between"),
    "rejected": (_boxes, "no_boxes", "write boxes and reasons as 17=wet; 18=torn"),
}  # fmt: skip


def _list(
    columns: tuple[str, ...], needed: tuple[str, ...], key: tuple[str, ...], do: Callable[..., Any],
    standing: Callable[[], list[Row]], **about: str,
) -> List:  # fmt: skip
    return List(
        Sheet(
            heads={column: _NAMES[column] for column in columns}, needed=needed,
            readers={column: _READERS[column] for column in columns if column in _READERS},
        ), key, do, standing, {"already_registered": key[0], **about},
    )  # fmt: skip


LISTS: Final[dict[str, List]] = {
    "tenders": _list(
        _TENDER, ("tender_no", "title", "quantity", "outcome", "decided_on", "source"), ("tender_no",),
        operations.register_tender, lambda: _values(models.Tender, *_TENDER),
        bad_outcome="outcome", above_ceiling="award_idr", dates_out_of_order="decided_on",
    ),
    "services": _list(
        _SERVICE, ("service_no", "title", "supplier", "starts_on", "ends_on", "source"), ("service_no",),
        operations.register_service, lambda: _values(models.Service, *_SERVICE),
        unknown_service="follows", dates_out_of_order="ends_on",
    ),
    "lots": _list(
        _LOT, ("lot_no", "contract_no", "series", "first_box", "box_count", "announced_on"), ("lot_no",),
        operations.announce_lot, lambda: _values(models.Lot, *_LOT),
        unknown_contract="contract_no", contract_without_schedule="contract_no", box_size_not_agreed="box_size",
        more_than_contract="box_count", boxes_announced_twice="first_box", unknown_delivery="delivery_no",
    ),
    "stages": _list(
        ("lot_no", "stage", "reached_on", "held_for", "note"), ("lot_no", "stage", "reached_on"), ("lot_no", "stage"),
        _advance, _stages,
        unknown_lot="lot_no", stage_out_of_order="reached_on", stage_reported_twice="stage", held_elsewhere="held_for",
    ),
    "acceptances": _list(
        ("lot_no", "bast_no", "accepted_on", "rejected"), ("lot_no", "bast_no", "accepted_on"), ("lot_no",),
        _accept, _acceptances,
        unknown_lot="lot_no", not_released="lot_no", stage_out_of_order="accepted_on", box_not_in_lot="rejected",
        stage_reported_twice="lot_no", rejection_without_reason="rejected",
    ),
    "payments": _list(
        _PAYMENT, ("payment_no", "lot_no", "quantity", "paid_on"), ("payment_no",),
        operations.pay, lambda: _values(models.Payment, *_PAYMENT),
        unknown_lot="lot_no", not_accepted="lot_no", paid_more_than_accepted="quantity",
        not_payment_sum="penalty_idr",
    ),
}  # fmt: skip


def _named(kind: str) -> List:
    if kind not in LISTS:
        raise UnknownList(
            "there is no list {kind}", mend="use one of {kinds}", kind=repr(kind), kinds=", ".join(LISTS)
        )  # fmt: skip
    return LISTS[kind]


def load(
    *, path: Path, kind: str, by: str, at: datetime, name: str | None = None, store: bool = True
) -> Loaded:  # fmt: skip
    """Do what every row of a list says, or (``store`` false) only see whether it could be done. Whole or not at all.

    Raises UnknownList, UnreadableFile, BadSheet (wrong cells) and RowsRefused (rows that the rules refuse).
    """
    wanted = _named(kind)
    rows = sheets.read(path, wanted.sheet, name)
    standing = {_key(wanted, row): row for row in wanted.standing()}
    new: list[tuple[int, Row]] = []
    refused: list[tuple[int, str, str, BlankoError]] = []
    unchanged = 0
    with atomic():
        for number, cells in rows:
            row = {column: value for column, value in cells.items() if value not in (None, "")}
            held = standing.get(_key(wanted, row))
            if held is not None and all(held[column] == value for column, value in row.items()):
                unchanged += 1
                continue
            try:
                with atomic():
                    wanted.do(**row, by=by, at=at)
            except (BlankoError, OverflowError) as error:
                named = error if isinstance(error, BlankoError) else InvalidValue(
                    "a number is too large", mend="write a smaller one"
                )  # fmt: skip
                column = wanted.about.get(named.code, "")
                refused.append((number, column, _cell(row.get(column)), named))
            else:
                new.append((number, row))
        if refused:
            raise _refusal(refused, shown=name or path.name)
        if not store:
            set_rollback(True)
    return Loaded(kind, tuple(new), unchanged, store)


def _key(wanted: List, row: Row) -> tuple[Any, ...]:
    return tuple(row.get(column) for column in wanted.key)


def _refusal(refused: list[tuple[int, str, str, BlankoError]], *, shown: str) -> RowsRefused:
    row_no, _column, _value, first = refused[0]
    causes = [
        (row, Cause(column, value, error.code, f"{error}: {error.mend}")) for row, column, value, error in refused
    ]
    error = RowsRefused(
        "{path}, row {row}: {refusal} ({count} refused rows)", mend=first.mend_message, causes=causes,
        **{**first.values, "path": shown, "row": row_no, "refusal": first, "count": len(refused)},
    )  # fmt: skip
    error.refused = refused
    return error


def _cell(value: Any) -> str:
    """A value as a cell of a file holds it."""
    if isinstance(value, dict):
        return "; ".join(f"{box}={reason}" for box, reason in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def shown(row: Row) -> Row:
    """A row with what a file or a door can hold in a cell."""
    plain = {column: value.isoformat() if isinstance(value, date) else value for column, value in row.items()}
    return {column: _cell(value) if isinstance(value, dict | list) else value for column, value in plain.items()}


def export(kind: str, form: Literal["csv", "xlsx"]) -> bytes:
    """A list as it stands, with the heads that it comes in by. Raises UnknownList."""
    wanted = _named(kind)
    rows = [[shown(row).get(column) for column in wanted.columns] for row in wanted.standing()]
    if form == "csv":
        return csv_bytes(wanted.columns, rows)
    return xlsx_bytes(wanted.columns, rows, sheet=kind)
