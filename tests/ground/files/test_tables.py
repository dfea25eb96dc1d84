"""Any table that an office can save is read with the row numbers that a person sees."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from blanko.ground.files import originals, rejects, spreadsheets
from blanko.ground.files.headers import map_heads
from blanko.ground.files.tables import UnreadableFile, open_table


def read(path, **given):
    table = open_table(path, **given)
    rows, bad = [], []
    for batch in table.batches():
        columns = [column.to_pylist() for column in batch.columns.columns]
        rows += list(zip(batch.rows, zip(*columns, strict=True), strict=True))
        bad += batch.bad
    return table, rows, bad


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")]
)
def test_delimiters_and_encodings_are_recognised(tmp_path, delimiter, encoding, told):
    path = tmp_path / "t.csv"
    path.write_bytes(f"a{delimiter}b\r\nRen\u00e9{delimiter}1\r\n".encode(encoding))
    table, rows, bad = read(path)
    assert (table.heads, rows, bad) == (["a", "b"], [(2, ("Ren\u00e9", "1"))], [])
    assert told in table.details


def test_rows_keep_their_numbers_around_bad_ones_and_quoted_lines(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a;b;c\n1;"x\ny";3\n2;q;3;4\n3;z;5\n4;"open;6\n5;k;7\n')
    _, rows, bad = read(path)
    assert rows == [(2, ("1", "x\ny", "3")), (4, ("3", "z", "5")), (6, ("5", "k", "7"))]
    assert [(row.row, row.reason) for row in bad] == [(3, "wrong_cell_count"), (5, "unclosed_quote")]


def test_numbers_go_on_over_many_batches(tmp_path):
    path = tmp_path / "t.csv"
    lines = [f"{i};{'x' * 200}" if i % 1000 else f"{i};a;b" for i in range(2, 60_002)]
    path.write_text("a;b\n" + "\n".join(lines) + "\n")
    _, rows, bad = read(path)
    assert all(number == int(cells[0]) for number, cells in rows)
    assert [row.row for row in bad] == list(range(1000, 60_001, 1000))


def test_a_quote_that_never_closes_over_megabytes_can_be_read_line_by_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a;b\n1;"open\n' + "".join(f"{i};{'x' * 400}\n" for i in range(30_000)))
    with pytest.raises(UnreadableFile):
        read(path)
    _, rows, bad = read(path, line_by_line=True)
    assert len(rows) == 30_000
    assert [(row.row, row.reason) for row in bad] == [(2, "unclosed_quote")]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"%PDF-1.7", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0aaaa", b"PK\x03\x04broken", b"PAR1broken",
     b"\x00\x00\x00\x00",
     "a;b\n".encode("utf-16")[:-1]],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_mend(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as refused:
        read(path)
    assert refused.value.mend


def test_heads_alone_are_a_table_without_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n")
    assert read(path)[1:] == ([], [])


def test_a_spreadsheet_is_read_as_a_person_sees_it(tmp_path):
    path = tmp_path / "t.xlsx"
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet()
    page.write_row(0, 0, ["nik", "day", "count", "text"])
    page.write_number(1, 0, 3171015506900001)
    page.write_datetime(1, 1, dt.datetime(2017, 4, 4), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    page.write_number(1, 2, 5)
    page.write_string(1, 3, "0012")
    page.write_string(3, 3, "after an empty row")
    book.close()
    _, rows, _ = read(path)
    assert rows[0][1][1:] == ("2017-04-04", "5", "0012")
    # More than 15 digits: the end is lost already, and nobody shall take it for a NIK.
    assert "E" in rows[0][1][0]
    assert rows[1] == (4, ("", "", "", "after an empty row"))


def test_the_first_sheet_that_a_person_sees_is_read(tmp_path):
    path = tmp_path / "t.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_chartsheet("chart")
    hidden = book.add_worksheet("codes")
    hidden.write_row(0, 0, ["code", "name"])
    hidden.write_row(1, 0, ["1", "not meant"])
    hidden.hide()
    page = book.add_worksheet("data")
    # The table may stand anywhere to the right; a note beside it is not of it.
    page.write_row(0, 1, ["a", "b"])
    page.write_row(1, 1, ["x", "y"])
    page.write_string(3, 4, "a note")
    page.write_string(4, 2, "z")
    page.activate()
    book.close()
    for _ in range(2):
        table, rows, bad = read(path)
        assert (table.heads, table.details, bad) == (["", "a", "b"], "XLSX, sheet data", [])
        assert rows == [(2, ("", "x", "y")), (5, ("", "", "z"))]


def test_what_is_merged_counted_or_timed_is_read_as_it_is_shown(tmp_path):
    path = tmp_path / "t.xlsx"
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet()
    page.write_row(0, 0, ["a", "b", "c", "d"])
    page.write_formula(1, 0, "=2+3", None, 5)
    page.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    page.write_datetime(1, 2, dt.datetime(2017, 4, 4, 12, 30), book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))  # noqa: DTZ001
    page.write_boolean(1, 3, True)
    page.merge_range(2, 0, 2, 1, "merged")
    book.close()
    _, rows, _ = read(path)
    assert rows == [(2, ("5", "", "2017-04-04 12:30:00", "1")), (3, ("merged", "", "", ""))]


def test_every_plain_type_of_parquet_is_text(tmp_path):
    path = tmp_path / "t.parquet"
    jakarta = dt.timezone(dt.timedelta(hours=7))
    columns = {
        "dictionary": pa.array(["x", None]).dictionary_encode(),
        "day": pa.array([dt.datetime(1990, 6, 15), None], pa.timestamp("ns")),  # noqa: DTZ001
        "day with zone": pa.array([dt.datetime(1990, 6, 15, tzinfo=jakarta), None], pa.timestamp("us", "Asia/Jakarta")),
        "decimal": pa.array([Decimal(3171015506900001), None], pa.decimal128(20, 0)),
        "bool": [True, None],
        "float": [2.0, None],
        "dotted.name": pa.array(["y", None], pa.large_string()),
        "dotted": [3171015506900001, None],
    }
    pq.write_table(pa.table(columns), path)
    _, rows, _ = read(path)
    assert rows[0] == (2, ("x", "1990-06-15", "1990-06-15", "3171015506900001", "true", "2", "y", "3171015506900001"))
    assert rows[1] == (3, ("",) * 8)
    only = [batch.columns.column(0).to_pylist() for batch in open_table(path).batches(7)]
    assert only == [["3171015506900001", ""]]
    pq.write_table(pa.table({"a": ["x"], "b": [[1]]}), path)
    with pytest.raises(UnreadableFile, match="column b holds"):
        read(path)


def test_a_parquet_file_is_read_and_a_cut_one_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": ["x", None], "d": [dt.date(2017, 4, 4), None], "n": [1, 2]}), path)
    assert read(path)[1] == [(2, ("x", "2017-04-04", "1")), (3, ("", "", "2"))]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFile):
        read(path)


def test_heads_are_known_in_both_languages_and_the_near_ones_named():
    names = {"birth_date": ("tanggal_lahir", "tgl_lahir"), "name": ("nama",)}
    found = map_heads(["Tanggal Lahir", " NAMA ", "Tgl Lahr", "Catatan", "", "name"], names)
    assert found.columns == {"birth_date": 0, "name": 1}
    assert found.unknown == ("Tgl Lahr", "Catatan")
    assert found.near == {"Tgl Lahr": "birth_date"}
    assert found.repeated == ("name",)


def test_an_original_is_kept_once_and_whole(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n")
    first = originals.keep(path, store=tmp_path / "store")
    assert originals.keep(path, store=tmp_path / "store") == first
    assert first[1].read_bytes() == b"a,b\n"
    assert originals.sha256_of(path) == first[0]
    assert not list((tmp_path / "store").glob("*.part"))


def test_two_files_of_one_name_that_come_at_once_are_both_kept_whole(tmp_path):
    content = {folder: folder.encode() * (2 * originals.CHUNK) for folder in ("a", "b")}
    for folder, text in content.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").write_bytes(text)
    kept = []

    def meanwhile(_done):
        if not kept:
            kept.append(None)
            kept.append(originals.keep(tmp_path / "b" / "data.csv", store=tmp_path / "store"))

    kept.append(originals.keep(tmp_path / "a" / "data.csv", store=tmp_path / "store", progress=meanwhile))
    for sha256, place in kept[1:]:
        assert originals.sha256_of(place) == sha256
    assert {place.read_bytes() for _, place in kept[1:]} == set(content.values())


def test_a_store_that_cannot_be_written_is_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n")
    (tmp_path / "store").write_text("a file, not a folder")
    with pytest.raises(originals.OriginalNotKept) as refused:
        originals.keep(path, store=tmp_path / "store")
    assert refused.value.mend


def test_rejects_appear_whole_or_not_at_all(tmp_path):
    path = tmp_path / "r" / "rejects.csv"
    with rejects.RejectsFile(path, ["a"]) as file:
        file.add(rejects.Reject(2, [rejects.Cause("a", "=1+1", "why", "mend")], ("=1+1",)))
        assert not path.exists()
    assert path.read_text("utf-8-sig").splitlines()[1] == "2,a,'=1+1,why,mend,'=1+1"
    with pytest.raises(RuntimeError), rejects.RejectsFile(tmp_path / "other.csv", ["a"]) as file:
        file.add(rejects.Reject(2, [rejects.Cause("a", "x", "why", "mend")]))
        raise RuntimeError
    assert [item.name for item in tmp_path.iterdir()] == ["r"]


def test_no_exported_cell_is_taken_for_a_formula():
    rows = [["=cmd()", "+1", "-1", "@x", "plain", -5]]
    assert (
        spreadsheets.csv_bytes(list("abcdef"), rows).decode("utf-8-sig").splitlines()[1]
        == "'=cmd(),'+1,'-1,'@x,plain,-5"
    )
    book = spreadsheets.xlsx_bytes(list("abcdef"), rows)
    assert book == spreadsheets.xlsx_bytes(list("abcdef"), rows)
    assert b"PK" in io.BytesIO(book).read(4)
