"""Codes of 2017 and of today lead to the same places."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from blanko.ground.places import gazetteer

APRIL_2017, TODAY = date(2017, 4, 4), date(2026, 11, 24)
REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data" / "areas_2017.csv"
# Spellings that differ between the two lists without a renaming by law.
SPELLINGS = {"1272", "1274", "1706", "7204", "7372"}


def test_there_were_34_provinces_and_514_regencies_and_today_38_and_514():
    assert len(gazetteer.provinces_2017()) == 34
    assert len(gazetteer.regencies_2017()) == 514
    assert len(gazetteer.provinces_today()) == 38
    assert len({regency.code_today for regency in gazetteer.regencies_2017()}) == 514


def test_every_code_of_2017_resolves_to_one_of_today_and_back():
    today = {gazetteer.resolve(regency.code, on=TODAY): regency.code for regency in gazetteer.regencies_2017()}
    assert len(today) == 514
    for code_today, code_2017 in today.items():
        assert gazetteer.to_2017(code_today) == code_2017
        assert gazetteer.resolve(code_today, on=APRIL_2017) == code_2017


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        ("3201", TODAY, "3201"),  # Bogor stays Bogor: a map without dates sends it to Banten
        ("9101", date(2022, 7, 24), "9101"),
        ("9101", date(2022, 7, 25), "9301"),
        ("9301", date(2017, 4, 4), "9101"),
        ("9204", TODAY, "9602"),
        ("920401", TODAY, "960201"),
        ("9302", APRIL_2017, "9116"),
    ],
)
def test_a_code_is_that_of_its_day(code, on, expected):
    assert gazetteer.resolve(code, on=on) == expected


def test_codes_and_names_are_those_of_the_decree_of_2015():
    if not REFERENCE.exists():
        pytest.skip("the reference list of 2017 is not part of the project")
    rows = {row["code"]: row for row in csv.DictReader(REFERENCE.open(encoding="utf-8")) if len(row["code"]) == 4}
    ours = {regency.code: regency for regency in gazetteer.regencies_2017()}
    assert set(ours) == set(rows)
    assert {code for code in rows if rows[code]["name"] != ours[code].name} == SPELLINGS
    assert all(rows[code]["code_2025"] == ours[code].code_today for code in rows)


def test_each_village_lies_in_a_regency_of_2017():
    codes = gazetteer.village_codes()
    assert len(codes) > 83_000
    assert list(codes) == sorted(set(codes))
    assert {code[:4] for code in codes} == {regency.code for regency in gazetteer.regencies_2017()}


@pytest.mark.parametrize("code", ["", "0", "99", "9999", "320", "32.01", "9999010001", "9303x1", "३२०१"])
def test_an_unknown_code_is_named_and_mended(code):
    with pytest.raises(gazetteer.UnknownArea) as unknown:
        gazetteer.to_2017(code)
    assert unknown.value.mend


def test_an_unknown_district_of_a_known_regency_falls_back_to_it():
    assert gazetteer.regency_of("3201999999") == "3201"
    with pytest.raises(gazetteer.UnknownArea):
        gazetteer.name_of("3201999999")
    with pytest.raises(gazetteer.UnknownArea):
        gazetteer.regency_of("32")


def test_names_of_all_levels():
    assert gazetteer.name_of("31") == "DKI Jakarta"
    assert gazetteer.name_of("1212") == "Kabupaten Toba Samosir"
    assert gazetteer.regency("1212").name_today == "Kabupaten Toba"
    assert gazetteer.name_of("1101012001") == "Keude Bakongan"
    assert [change.source for change in gazetteer.successors("9271")] == ["UU 29/2022"]
    assert gazetteer.successors("3201") == ()


def test_a_change_takes_effect_in_the_year_of_its_law():
    dates = {change.code_2017: change.effective for change in gazetteer.changes() if change.kind == "renamed"}
    assert dates == {"1212": date(2020, 2, 26), "7601": date(2017, 12, 28), "8103": date(2019, 1, 28)}
    for change in gazetteer.changes():
        assert change.source.endswith(f"/{change.effective.year}")


def test_offices_are_the_centre_34_provinces_and_514_regencies():
    kinds = [office.kind for office in gazetteer.offices()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"central": 1, "province": 34, "regency": 514}
    days = {office.code: office.transport_days for office in gazetteer.offices()}
    assert days["00"] == 0
    assert days["3171"] == 1
    assert days["9101"] > days["3578"] > days["3171"]


def test_the_tables_are_those_of_the_manifest():
    data = files("blanko.ground.places") / "data"
    manifest = tomllib.loads((data / "manifest.toml").read_text(encoding="utf-8"))
    for name, sha256 in manifest["sha256"].items():
        assert hashlib.sha256((data / name).read_bytes()).hexdigest() == sha256
