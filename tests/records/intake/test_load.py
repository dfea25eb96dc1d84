"""A file goes in whole or not at all, and every row is accounted for."""

from __future__ import annotations

import csv
import threading
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from blanko.ground.audit import operations as audit
from blanko.kernel.nik import Nik, contradictions
from blanko.records.intake import columns as parse
from blanko.records.intake import operations, queries
from blanko.records.intake.rules import MissingColumns, UnknownKind

NOW = datetime(2017, 4, 4, 3, tzinfo=UTC)
HEAD = "record_id,nik,name,birth_place,birth_date,sex,mother_name,address,village_code,recorded_on,recorded_office"


def row(number=1, **changed):
    cells = {
        "record_id": f"R{number}", "nik": f"31710155069{number:05d}"[:16], "name": "SITI", "birth_place": "JAKARTA",
        "birth_date": "1990-06-15", "sex": "P", "mother_name": "IBU", "address": "JL. A", "village_code": "3171011001",
        "recorded_on": "2015-03-04", "recorded_office": "3171",
    }  # fmt: skip
    cells["nik"] = f"317101550690{number:04d}"
    return ",".join({**cells, **changed}.values())


@pytest.fixture
def load(db, acting_as, tmp_path):
    def do(text, *, name="r.csv", kind=None, encoding="utf-8", at=NOW):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        with acting_as("svc.intake"):
            return operations.load(path=path, kind=kind, by="svc.intake", at=at, data_dir=tmp_path / "data")

    return do


def numbers(result):
    return (result.read, result.accepted, result.unchanged, result.refused)


def stored(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def rejected(result):
    with open(result.rejects, encoding="utf-8-sig", newline="") as file:
        return [(int(r["row"]), r["column"], r["reason"]) for r in csv.DictReader(file)]


def test_rows_are_accepted_unchanged_or_a_further_version(load):
    first = load("\n".join([HEAD, row(1), row(2)]))
    assert numbers(first) == (2, 2, 0, 0)
    second = load("\n".join([HEAD, row(1), row(2, name="SITI AMINAH"), row(3)]))
    assert numbers(second) == (3, 2, 1, 0)
    versions = stored("SELECT record_id, version, name FROM intake_registration ORDER BY 1, 2")
    assert versions == [("R1", 1, "SITI"), ("R2", 1, "SITI"), ("R2", 2, "SITI AMINAH"), ("R3", 1, "SITI")]
    latest = stored("SELECT record_id, name FROM intake_registration_latest ORDER BY 1")
    assert latest == [("R1", "SITI"), ("R2", "SITI AMINAH"), ("R3", "SITI")]


def test_the_same_file_twice_changes_nothing(load):
    text = "\n".join([HEAD, row(1), row(2), row(3, nik="12")])
    first, again = load(text), load(text, name="renamed.csv")
    assert numbers(first) == (3, 2, 0, 1)
    assert numbers(again) == (3, 0, 2, 1)
    assert again.seen_before
    assert stored("SELECT count(*) FROM intake_file") == [(1,)]


def test_a_key_twice_in_one_file_is_unchanged_or_a_version_in_order(load):
    result = load("\n".join([HEAD, row(1), row(1), row(1, name="B"), row(1, name="B"), row(1)]))
    assert numbers(result) == (5, 3, 2, 0)
    assert stored("SELECT version, name FROM intake_registration ORDER BY 1") == [(1, "SITI"), (2, "B"), (3, "SITI")]


REFUSED = [
    ({"village_code": "9999011001"}, "village_code", "unknown_area"),
    ({"village_code": ""}, "village_code", "missing"),
    ({"village_code": "3171"}, "village_code", "unknown_area"),
    ({"record_id": ""}, "record_id", "missing"),
    ({"recorded_office": "9999"}, "recorded_office", "unknown_office"),
    ({"birth_date": "1990-02-29"}, "birth_date", "impossible_date"),
    ({"birth_date": "31-04-1990"}, "birth_date", "impossible_date"),
    ({"birth_date": "yesterday"}, "birth_date", "impossible_date"),
    ({"nik": "317101550690001"}, "nik", "wrong_length"),
    ({"nik": "31710155069000011"}, "nik", "wrong_length"),
    ({"nik": "3.17101550690E15"}, "nik", "not_digits"),
    ({"nik": "317101550690000x"}, "nik", "not_digits"),
    ({"sex": "X"}, "sex", "unknown_choice"),
    ({"name": "A" * 10_000}, "name", "too_long"),
    ({"name": "A\x01B"}, "name", "control_characters"),
    ({"name": "A\x85B"}, "name", "control_characters"),
]


def test_a_refused_row_tells_every_cell_that_is_to_be_mended(load):
    wrong = row(2, birth_date="1990-02-30", sex="X", village_code="9999011001")
    result = load("\n".join([HEAD, row(1), wrong]))
    assert rejected(result) == [
        (3, "birth_date | sex | village_code", "impossible_date | unknown_choice | unknown_area")
    ]
    with open(result.rejects, encoding="utf-8-sig", newline="") as file:
        (told,) = csv.DictReader(file)
    assert told["value"] == "1990-02-30 | X | 9999011001"
    assert len(told["mend"].split(" | ")) == 3


@pytest.mark.parametrize(("changed", "column", "reason"), REFUSED, ids=lambda value: str(value)[:40])
def test_only_what_cannot_be_stored_or_placed_is_refused(load, changed, column, reason):
    result = load("\n".join([HEAD, row(1), row(2, **changed), row(3)]))
    assert numbers(result) == (3, 2, 0, 1)
    assert rejected(result) == [(3, column, reason)]


KEPT = [
    ({"nik": ""}, ["nik_missing"]),
    ({"birth_date": "1991-06-15"}, ["nik_contradicts_birth_date"]),
    ({"sex": "L"}, ["nik_contradicts_sex"]),
    ({"birth_date": ""}, ["birth_date_missing"]),
    ({"name": ""}, ["name_missing"]),
    ({"village_code": "3171019999"}, ["village_unknown"]),
    ({"village_code": "3171999999"}, ["district_unknown"]),
    ({"recorded_on": "2030-01-01"}, ["recorded_in_future"]),
    ({"birth_date": "2000-06-15", "nik": "3171015506000001"}, ["under_17"]),
]


@pytest.mark.parametrize(("changed", "warnings"), KEPT, ids=lambda value: str(value)[:40])
def test_what_is_doubtful_is_kept_with_a_warning(load, changed, warnings):
    result = load("\n".join([HEAD, row(1, **changed)]))
    assert numbers(result) == (1, 1, 0, 0)
    assert stored("SELECT warnings FROM intake_registration") == [(warnings,)]


def test_a_repeated_nik_is_kept_with_a_warning_on_both_rows(load):
    load("\n".join([HEAD, row(1), row(2, nik="3171015506900001"), row(3)]))
    assert stored("SELECT record_id, warnings FROM intake_registration ORDER BY 1") == [
        ("R1", ["nik_repeated"]),
        ("R2", ["nik_repeated"]),
        ("R3", []),
    ]


def test_codes_of_today_are_kept_as_those_of_2017(load):
    load("\n".join([HEAD, row(1, village_code="9301011001", recorded_office="9301")]))
    assert stored("SELECT recorded_office, regency, left(village_code, 4) FROM intake_registration") == [
        ("9101", "9101", "9101")
    ]


def test_a_file_that_breaks_off_in_a_row_refuses_that_row_only(load):
    result = load("\n".join([HEAD, row(1), row(2)])[:-40])
    assert numbers(result) == (2, 1, 0, 1)


def test_a_load_that_fails_halfway_leaves_nothing(load, monkeypatch):
    def cut(*_args, **_named):
        raise ConnectionError("the line was cut")

    monkeypatch.setattr(operations.audit, "record", cut)
    with pytest.raises(ConnectionError):
        load("\n".join([HEAD, row(1)]))
    assert stored("SELECT (SELECT count(*) FROM intake_file), (SELECT count(*) FROM intake_registration)") == [(0, 0)]


def test_a_file_and_its_rows_are_sealed(load):
    load("\n".join([HEAD, row(1), row(2)]))
    of_file = audit.verify(queries.files()[0]["event_id"])
    assert (of_file.holds, of_file.sealed.count) == (True, 1)
    ((of_rows,),) = stored("SELECT DISTINCT event_id FROM intake_registration")
    assert (audit.verify(of_rows).holds, audit.verify(of_rows).sealed.count) == (True, 2)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("applications", ("nik,cause,event_date,applied_on,office,document_no\n"
            "3171015506900001,hilang,2017-03-01,2017-03-02,3171,D1\n")),
        ("deaths", ("nik,record_id,recorded_office,died_on,reported_on,office,document_no\n"
            "3171015506900001,,,2017-03-01,,3171,D1\n")),
        ("stock", "kantor,tanggal_hitung,baik,rusak\n3171,01-04-2017,500,3\n"),
        ("counts", ("area,metric,value,date,denominator,source,kind,known_on\n"
            "ID,recorded,5,2017-04-04,6,me,observed,2017-04-04\n")),
        ("printers", "office,printer,state,since\n3171,F-1,rusak,2017-03-01\n"),
        ("printing", "office,reported_on,ribbon_cards\n3171,2017-03-01,500\n"),
    ],
)  # fmt: skip
def test_every_kind_has_the_same_guarantees(load, kind, text):
    first = load(text)
    assert (first.kind, numbers(first)) == (kind, (1, 1, 0, 0))
    more = load(
        text + text.splitlines()[1] + "\n" + ",".join(["?"] * (text.count(",") // 2 + 1)) + "\n", name="more.csv"
    )
    assert numbers(more) == (3, 0, 2, 1)
    assert audit.verify(queries.files()[0]["event_id"]).holds


def test_a_file_of_no_kind_names_what_is_missing(load):
    with pytest.raises(UnknownKind, match="lacks"):
        load("a,b\n1,2\n")
    with pytest.raises(UnknownKind):
        load("\n".join([HEAD, row(1)]), kind="nonsense")
    with pytest.raises(MissingColumns, match="village_code"):
        load("record_id,nik,name,birth_date,sex,recorded_office\n", kind="registrations")
    with pytest.raises(MissingColumns, match="two heads"):
        load(HEAD + ",nama\n" + row(1) + ",X\n")


def test_heads_alone_and_empty_lines_are_no_rows(load):
    assert numbers(load(HEAD + "\n")) == (0, 0, 0, 0)
    assert numbers(load("\n".join([HEAD, "", row(1), ",,,,,,,,,,", ""]), name="b.csv"))[1:3] == (1, 0)


def test_two_people_who_load_at_once_take_turns(fresh_database, tmp_path, django_db_blocker):
    from blanko.ground.access.acting import acting

    for turn in range(2):
        (tmp_path / f"{turn}.csv").write_text("\n".join([HEAD, *(row(i, name=f"N{turn}") for i in range(1, 200))]))
    results, failed = [], []

    def one(turn):
        try:
            with acting(principal="svc.intake"):
                results.append(
                    operations.load(path=tmp_path / f"{turn}.csv", by="svc.intake", at=NOW, data_dir=tmp_path / "data")
                )
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(turn,)) for turn in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert [numbers(result) for result in results] == [(199, 199, 0, 0)] * 2
    assert stored("SELECT max(version), count(*) FROM intake_registration") == [(2, 398)]


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31)), st.sampled_from("-/."), st.booleans())
def test_every_day_is_read_as_it_was_written(day, separator, local):
    text = (
        f"{day.day:02d}{separator}{day.month:02d}{separator}{day.year:04d}" if local else f"{day.year:04d}-{day:%m-%d}"
    )
    values, wrong = parse.dates(pa.array([text, None]))
    assert (values.to_pylist(), wrong.tolist()) == ([day, None], [False, False])


@given(st.text(alphabet="0123456789-/. aT:", max_size=12))
def test_no_text_becomes_a_day_that_it_does_not_say(text):
    values, wrong = parse.dates(parse.trimmed(pa.array([text])))
    (value,) = values.to_pylist()
    assert wrong.tolist() == [value is None and bool(text.strip())]
    if value is not None:
        assert str(value.year) in text


@settings(max_examples=60)
@given(st.lists(st.tuples(st.from_regex(r"[0-9]{16}", fullmatch=True), st.dates(date(1930, 1, 1), date(1999, 12, 31)),
                          st.sampled_from("LP")), min_size=1, max_size=20))  # fmt: skip
def test_whole_columns_warn_exactly_as_the_rule_of_one_nik(people):
    from blanko.records.intake.checks import check
    from blanko.records.intake.kinds import REGISTRATIONS

    names = ["nik", "birth_date", "sex", "record_id", "recorded_office", "village_code", "name"]
    columns = [
        [p[0] for p in people], [p[1].isoformat() for p in people], [p[2] for p in people],
        [f"R{i}" for i in range(len(people))], ["3171"] * len(people), ["3171011001"] * len(people),
        ["X"] * len(people),
    ]  # fmt: skip
    batch = pa.RecordBatch.from_arrays([pa.array(column) for column in columns], names=names)
    found = check(
        batch, kind=REGISTRATIONS, positions={name: i for i, name in enumerate(names)},
        rows=range(2, len(people) + 2), today=date(2017, 4, 4),
    )  # fmt: skip
    for place, (nik, born, sex) in enumerate(people):
        expected = [f"nik_contradicts_{what}" for what in contradictions(Nik(nik), birth_date=born, sex=sex)]
        assert [w for w in found.warnings.get(place, []) if w.startswith("nik_contradicts")] == expected
