"""The suket as PDF, A5. The same certificate gives the same bytes."""

from __future__ import annotations

from datetime import date
from importlib.resources import files as package_files
from typing import Any

from blanko.cards.suket import queries
from blanko.ground.files import papers
from blanko.ground.places import gazetteer
from blanko.kernel import wording

SEXES = {"L": "Laki-laki", "P": "Perempuan"}
REASONS = {
    "PRR": "data yang bersangkutan telah tunggal dan siap cetak (PRR); KTP-el belum dapat dicetak",
    "SFE": "perekaman telah dilakukan dan menunggu pemeriksaan ketunggalan (SFE)",
    "ADJ": "perekaman telah dilakukan dan data sedang diperiksa (ajudikasi)",
    "COR": "perekaman telah dilakukan dan biodata sedang diperbaiki",
    "UNK": "perekaman telah dilakukan dan KTP-el belum diterbitkan",
}


def paper(number: str) -> bytes:
    """The PDF of a suket. Raises UnknownSuket."""
    template = str(package_files(__package__) / "paper" / "suket.typ")
    return papers.render(template, paper_data(queries.suket(number)))


def paper_data(suket: dict[str, Any]) -> dict[str, object]:
    """What the paper says, as plain text. Pure."""
    regency = gazetteer.regency(suket["office"])
    return {
        "number": suket["number"],
        "regency": regency.name,
        "province": gazetteer.name_of(regency.province),
        "nik": suket["nik"] or "–",
        "name": suket["name"] or "–",
        "born": ", ".join(part for part in (suket["birth_place"], _day(suket["birth_date"])) if part) or "–",
        "sex": SEXES.get(suket["sex"], "–"),
        "address": suket["address"] or "–",
        "reason": REASONS[suket["reason"]],
        "issued_on": _day(suket["issued_on"]),
        "valid_until": _day(suket["valid_until"]),
        "rule": suket["rule"],
        "renews": suket["renews"],
        "record": f"{suket['recorded_office']}/{suket['record_id']}",
        # A paper that no longer counts says so, whoever prints it.
        "ended": bool(suket["ended"]),
    }


def _day(day: date | None) -> str:
    return "" if day is None else wording.day(day)
