"""The Berita Acara pemusnahan: every serial as ranges, old cards, photographs, the balance, and who saw it.

The same batch gives the same bytes. Before the destruction it is a draft (rancangan) to be checked and signed on the
spot. Source: the Home Minister's circular 470.13/11176/SJ of 13 December 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from importlib.resources import files as package_files
from typing import Any

from django.utils import timezone

from blanko.cards.destruction import queries
from blanko.cards.destruction.rules import State
from blanko.ground.access import queries as access
from blanko.ground.files import papers
from blanko.ground.places import gazetteer
from blanko.kernel import wording
from blanko.kernel.boxes import BlankSerial, BoxId

METHODS = {"burned": "dibakar", "shredded": "dicacah", "cut": "digunting", "melted": "dilebur"}
KINDS = {"ktp_el": "KTP-el", "ktp_nasional": "KTP nasional"}
SIGNATURES = 2
# Only what was in force on the day is named.
LAW_SINCE = date(2018, 12, 13)
LAW = "menurut Surat Edaran Menteri Dalam Negeri Nomor 470.13/11176/SJ tanggal 13 Desember 2018"


def berita_acara(batch: str) -> bytes:
    """The paper of a batch as PDF. Raises UnknownBatch."""
    template = str(package_files(__package__) / "paper" / "berita_acara.typ")
    return papers.render(template, berita_acara_data(queries.batch(batch)))


def berita_acara_data(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the paper says, as plain text and lists. ``found`` as ``queries.batch`` gives it."""
    is_done = found["state"] == State.DESTROYED
    done = next((step for step in found["steps"] if step["after"] == State.DESTROYED), None)
    when = timezone.localtime(done["at"] if done else found["at"]).date()
    day = wording.day(when) if is_done else "." * 30
    by = str(done["by"] if done else found["by"])
    officer = next((row for row in access.officers() if row["username"] == by), {"name": by, "title": ""})
    balance = queries.balance_at(str(done["movement"])) if done and done["movement"] else None
    witnesses = [
        {"no": str(number), "name": row["name"], "title": row["title"] or row["identity"], "body": row["body"]}
        for number, row in enumerate(found["witnesses"], 1)
    ]
    # A draft leaves room for the witnesses who will sign.
    witnesses += [
        {"no": str(number), "name": "", "title": "", "body": "." * 40}
        for number in range(len(witnesses) + 1, SIGNATURES + 1)
    ]
    return {
        "head": {
            "ministry": "Kementerian Dalam Negeri Republik Indonesia",
            "unit": _office(str(found["office"])),
            "address": "Administrasi Kependudukan",
        },
        "title": "Berita Acara Pemusnahan" if is_done else "Rancangan Berita Acara Pemusnahan",
        "title-en": "record of destruction" if is_done else "draft of a record of destruction",
        "number": str(found["paper_no"]) if is_done else "." * 30,
        "code": sha256(str(found["batch"]).encode()).hexdigest()[:10].upper(),
        "date": day,
        "place": found["place"],
        "place-date": f"{found['place']}, {day}",
        "office": _office(str(found["office"])),
        "method": METHODS[found["method"]],
        "blanks": wording.grouped(found["blanks"]),
        "blanks-words": wording.in_words(found["blanks"]),
        "old-cards": wording.grouped(found["old_cards"]),
        "old-cards-words": wording.in_words(found["old_cards"]),
        "lines": [_line(number, line) for number, line in enumerate(found["lines"], 1)],
        "cards": [
            {
                "no": str(number), "number": row["number"], "serial": row["serial"] or "–",
                "kind": KINDS.get(row["kind"], row["kind"]),
            }
            for number, row in enumerate(found["card_rows"], 1)
        ],
        "law": LAW if when >= LAW_SINCE else "",
        "balance": None if balance is None else {
            "before": wording.grouped(balance[0]), "after": wording.grouped(balance[1]),
        },
        "photos": [{"name": row["name"], "sha256": row["sha256"]} for row in found["photos"]],
        "by-name": officer["name"],
        "by-title": officer["title"],
        "witnesses": witnesses,
    }  # fmt: skip


def _line(number: int, line: list[Any]) -> dict[str, str]:
    box = BoxId(line[0], line[1])
    return {
        "no": str(number), "first": str(BlankSerial(box, line[2])), "last": str(BlankSerial(box, line[3])),
        "blanks": wording.grouped(line[3] - line[2] + 1),
    }  # fmt: skip


def _office(code: str) -> str:
    if code == "00":
        return "Direktorat Jenderal Kependudukan dan Pencatatan Sipil"
    return f"Dinas Kependudukan dan Pencatatan Sipil {gazetteer.name_of(code)}"
