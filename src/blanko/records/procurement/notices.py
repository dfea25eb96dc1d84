"""What the portals publish: plans of SiRUP and tenders of SPSE, as rows with every cell checked. Pure.

Heads are those of the portals' own exports (``kd_rup``, ``kd_tender``, ``nama_paket``, ``pagu``, ``hps``, ...) and the
words on their pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Final

from blanko.ground.files.rejects import Cause
from blanko.kernel.errors import InvalidValue


class NoticeKind(StrEnum):
    """A plan of SiRUP (what is to be bought), or a tender of SPSE (how it went)."""

    PLAN = "plan"
    TENDER = "tender"


class UnknownNotices(InvalidValue):
    """The heads are neither those of a list of plans nor of a list of tenders."""


NAMES: Final[dict[str, tuple[str, ...]]] = {
    "rup_code": ("kode rup", "kd_rup", "id rup", "kode_rup_paket"),
    "tender_code": ("kode tender", "kd_tender", "kode lelang", "kd_lelang", "kode spse", "id tender"),
    "title": ("nama paket", "nama tender", "nama lelang", "nama_paket"),
    "buyer": ("nama satker", "satuan kerja", "satker", "nama_klpd", "klpd", "instansi"),
    "method": ("metode pengadaan", "metode pemilihan", "mtd_pemilihan", "metode_pengadaan"),
    "status": ("status tender", "status lelang", "status", "tahap", "status_umumkan_rup"),
    "ceiling_idr": ("pagu", "pagu anggaran", "nilai pagu", "total pagu"),
    "owner_estimate_idr": ("hps", "nilai hps"),
    "winner": ("pemenang", "nama pemenang", "nama penyedia", "nama_penyedia", "penyedia"),
    "award_idr": ("nilai kontrak", "nilai", "nilai_kontrak", "harga kontrak", "nilai pemenang"),
    "bid_idr": ("nilai penawaran", "harga penawaran", "nilai_penawaran"),
    "announced_on": (
        "tanggal pengumuman", "tgl_pengumuman_tender", "tgl_pengumuman_paket", "tanggal", "tgl pengumuman",
        "tanggal tayang",
    ),
    "decided_on": ("tanggal penetapan pemenang", "tgl_penetapan_pemenang", "tanggal pemenang", "tanggal penetapan"),
    "selection_from": ("tgl_awal_pemilihan", "awal pemilihan", "tanggal awal pemilihan", "mulai pemilihan"),
    "contract_from": ("tgl_awal_kontrak", "awal kontrak", "tanggal awal kontrak", "mulai kontrak"),
    "contract_until": ("tgl_akhir_kontrak", "akhir kontrak", "tanggal akhir kontrak", "selesai kontrak"),
    "year": ("tahun anggaran", "tahun", "tahun_anggaran"),
}  # fmt: skip
CODE: Final = {NoticeKind.PLAN: "rup_code", NoticeKind.TENDER: "tender_code"}
MONEY: Final = ("ceiling_idr", "owner_estimate_idr", "award_idr", "bid_idr")
DAYS: Final = ("announced_on", "decided_on", "selection_from", "contract_from", "contract_until")
MONEY_MAX: Final = 10**16
# Codes as the portals give them; a list joins several plans of one tender with a semicolon or a comma.
_CODE: Final = re.compile(r"^[0-9]{3,20}$")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("januari", "jan"), ("februari", "feb"), ("maret", "mar"), ("april", "apr"), ("mei", "may"),
            ("juni", "jun"), ("juli", "jul"), ("agustus", "agu", "aug"), ("september", "sep"),
            ("oktober", "okt", "oct"), ("november", "nov"), ("desember", "des", "dec"),
        ), start=1,
    )
    for name in names
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of a portal's list. Amounts in whole rupiah; what the row leaves empty is None or ""."""

    kind: str
    code: str
    rup_code: str
    tender_code: str
    title: str
    buyer: str = ""
    method: str = ""
    status: str = ""
    ceiling_idr: int | None = None
    owner_estimate_idr: int | None = None
    winner: str = ""
    award_idr: int | None = None
    bid_idr: int | None = None
    announced_on: date | None = None
    decided_on: date | None = None
    selection_from: date | None = None
    contract_from: date | None = None
    contract_until: date | None = None
    year: int | None = None

    def content(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def kind_of(columns: Mapping[str, int], *, wanted: str | None = None) -> NoticeKind:
    """Which list the heads belong to. Raises UnknownNotices, naming what is missing."""
    kind = NoticeKind(wanted) if wanted else NoticeKind.TENDER if "tender_code" in columns else NoticeKind.PLAN
    missing = [name for name in (CODE[kind], "title") if name not in columns]
    if missing:
        raise UnknownNotices(
            "a list of kind {kind} needs a head for {missing}",
            mend="add it, for example {example}",
            kind=kind,
            missing=", ".join(missing),
            example=NAMES[missing[0]][0],
        )
    return kind


def read(kind: NoticeKind, cells: Mapping[str, str]) -> tuple[Notice | None, list[Cause]]:
    """One row: the notice, or every cause for which it cannot be taken."""
    causes: list[Cause] = []
    values: dict[str, Any] = {name: " ".join(cells.get(name, "").split()) for name in NAMES}
    for name, text in values.items():
        if not text.isprintable():
            causes.append(Cause(name, text, "control_character", "write it without characters that cannot be seen"))
    if not values["title"]:
        causes.append(Cause("title", "", "empty", "name the package"))
    for name in ("rup_code", "tender_code"):
        if _wrong_code(values[name], needed=name == CODE[kind]):
            causes.append(Cause(name, values[name], "no_code", "copy the code as the portal shows it, digits only"))
    for name in MONEY:
        values[name] = _told(name, values[name], rupiah, causes, "no_amount", "write whole rupiah from 0 up")
    for name in DAYS:
        values[name] = _told(name, values[name], day, causes, "no_date", "write the day as YYYY-MM-DD or DD-MM-YYYY")
    values["year"] = _told("year", values["year"], _year, causes, "no_year", "write four digits")
    causes += _contradictions(kind, values)
    if causes:
        return None, causes
    return Notice(kind=str(kind), code=values[CODE[kind]], **values), []


def _wrong_code(text: str, *, needed: bool) -> bool:
    if not text:
        return needed
    parts = [part.strip() for part in re.split("[;,]", text)]
    return not all(_CODE.match(part) for part in parts) or (needed and len(parts) > 1)


def _told(name: str, text: str, reader: Any, causes: list[Cause], reason: str, mend: str) -> Any:
    if text in ("", "-", "NULL", "null"):
        return None
    found = reader(text)
    if found is None:
        causes.append(Cause(name, text, reason, mend))
    return found


def _contradictions(kind: NoticeKind, values: Mapping[str, Any]) -> list[Cause]:
    """What two cells of a row say against each other."""
    found = []
    for name in ("owner_estimate_idr", "award_idr"):
        if None not in (values[name], values["ceiling_idr"]) and values[name] > values["ceiling_idr"]:
            found.append(Cause(name, str(values[name]), "above_ceiling", "mend the amount or the ceiling (pagu)"))
    if values["award_idr"] and not values["winner"]:
        found.append(Cause("winner", "", "award_without_winner", "name the winner, or take the amount out"))
    for first, last in (("announced_on", "decided_on"), ("contract_from", "contract_until")):
        if None not in (values[first], values[last]) and values[first] > values[last]:
            found.append(Cause(last, str(values[last]), "before_its_begin", f"mend it or {first}"))
    if kind is NoticeKind.PLAN and values["winner"]:
        found.append(Cause("winner", values["winner"], "plan_with_winner", "load it with the tenders"))
    return found


def rupiah(text: str) -> int | None:
    """Whole rupiah from "Rp 92.182.778.188,00", "92,182,778,188.00" or "92182778188"; None when it is no amount."""
    plain = re.sub(r"^(rp\.?|idr)\s*", "", text.strip().lower()).replace(" ", "")
    # Cents stand after the sign that does not group thousands, and are none: half a rupiah is a mistake.
    found = re.fullmatch(
        r"([0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+(?!\.)|[0-9]{1,3}(?:,[0-9]{3})+(?!,))(?:[.,]0{1,2})?", plain
    )
    value = int(re.sub("[.,]", "", found[1])) if found else MONEY_MAX + 1
    return value if value <= MONEY_MAX else None


def day(text: str) -> date | None:
    """A day from ISO (a time after it is dropped), DD-MM-YYYY, DD/MM/YYYY or "8 Maret 2017"; None when it is none."""
    plain = text.strip().lower()
    iso = re.match(r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[t ].*)?$", plain)
    local = re.match(r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(?: .*)?$", plain)
    named = re.match(r"^([0-9]{1,2})[ -]([a-z]+)[ -]([0-9]{4})(?: .*)?$", plain)
    try:
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if local:
            return date(int(local[3]), int(local[2]), int(local[1]))
        if named and named[2] in _MONTHS:
            return date(int(named[3]), _MONTHS[named[2]], int(named[1]))
    except ValueError:
        return None
    return None


def _year(text: str) -> int | None:
    return int(text) if re.fullmatch(r"(19|20)[0-9]{2}", text) else None
