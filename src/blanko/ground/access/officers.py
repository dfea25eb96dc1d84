"""The officers and services that every installation knows by name. Pure.

Until logins exist the doors act as these. One operator and one head for each office: the four eyes that later rules
ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Principal(NamedTuple):
    username: str
    name: str
    title: str
    kind: str
    office: str | None


CENTRE = "00"

CENTRAL_OFFICERS = (
    Principal("planner.pusat", "Perencana Pusat", "Perencana, Ditjen Dukcapil", "person", CENTRE),
    Principal("kepala.pusat", "Kepala Pusat", "Direktur, Ditjen Dukcapil", "person", CENTRE),
    Principal("gudang.pusat", "Petugas Gudang Pusat", "Petugas gudang", "person", CENTRE),
    Principal("gudang2.pusat", "Petugas Gudang Pusat Kedua", "Petugas gudang", "person", CENTRE),
    Principal("pengadaan.pusat", "Pejabat Pengadaan", "Pejabat pembuat komitmen", "person", CENTRE),
    Principal("kurir.pusat", "Kurir Pusat", "Kurir", "person", CENTRE),
)

SERVICES = tuple(
    Principal(f"svc.{room}", f"Layanan {room}", "", "service", None)
    for room in (
        "intake",
        "registry",
        "procurement",
        "planning",
        "custody",
        "suket",
        "issuance",
        "transparency",
        "nightly",
        "demo",
    )  # fmt: skip
)


def office_officers(offices: Iterable[tuple[str, str]]) -> Iterator[Principal]:
    """An operator and a head for each (code, name) of a provincial or regency office."""
    for code, name in offices:
        yield Principal(f"operator.{code}", f"Operator {name}", "Operator", "person", code)
        yield Principal(f"kepala.{code}", f"Kepala {name}", "Kepala dinas", "person", code)
