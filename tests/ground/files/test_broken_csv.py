"""What is wrong in a CSV file costs its own rows, never the others, their numbers, or the memory."""

from __future__ import annotations

import codecs
import io
import resource
import sys

import pytest

from blanko.ground.files import batches, csv_files
from blanko.ground.files.batches import ReadByLine, UnreadableFile
from blanko.ground.files.headers import map_heads
from blanko.ground.files.tables import open_table


def read(path, content, *, only=None, **given):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows, bad = [], []
    for batch in open_table(path, **given).batches(only):
        columns = [column.to_pylist() for column in batch.columns.columns]
        rows += list(zip(batch.rows, zip(*columns, strict=True), strict=True))
        bad += [(row.row, row.reason) for row in batch.bad]
    return sorted(rows), sorted(bad)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.csv"


def test_lines_behind_an_open_quote_and_rows_after_them_have_numbers_of_their_own(path):
    # The quote opened in row 2 is closed by the one that row 4 opens.
    text = 'a;b;c\n1;"open;2\n3;4;5\n6;"q";8;9\n10;11;12\n13;14\n15;16;17\n'
    rows, bad = read(path, text)
    assert rows == [(3, ("3", "4", "5")), (5, ("10", "11", "12")), (7, ("15", "16", "17"))]
    assert bad == [(2, "unclosed_quote"), (4, "wrong_cell_count"), (6, "wrong_cell_count")]


def test_a_row_of_several_lines_with_too_many_cells_is_one_refused_row(path):
    rows, bad = read(path, 'a;b;c\n1;"x\ny;z";3;4\n5;6;7\n')
    assert rows == [(3, ("5", "6", "7"))]
    assert bad == [(2, "wrong_cell_count")]


def test_a_quote_left_open_costs_its_own_line_with_every_line_end(path):
    for end in ("\n", "\r\n", "\r"):
        rows, bad = read(path, end.join(["a;b;c", "1;2;3", '4;"5;6', "7;8\x0b;9", "10;11;12", ""]))
        assert [number for number, _ in rows] == [2, 4, 5], repr(end)
        assert bad == [(3, "unclosed_quote")], repr(end)


def test_one_column_is_read_around_bad_rows_as_all_are(path):
    # The last rows of the file are bad: they come after the last block of rows.
    text = 'a;b;c\n1;2;3\n4;"5;6\n7;8;9\n10;11\n'
    rows, bad = read(path, text)
    assert read(path, text, only=1) == ([(number, cells[1:2]) for number, cells in rows], bad)


def test_lines_that_end_in_any_way_are_rows(path):
    rows, bad = read(path, b"a;b\r\n1;2\r3;4\n5;6\r\n7;8")
    assert rows == [(2, ("1", "2")), (3, ("3", "4")), (4, ("5", "6")), (5, ("7", "8"))]
    assert not bad


@pytest.mark.parametrize("line_by_line", [False, True])
def test_a_very_long_cell_stops_no_other_row(path, line_by_line):
    text = "a;b\n1;" + "x" * 200_000 + '\n2;3\n"4;5\n6;7\n'
    rows, bad = read(path, text, line_by_line=line_by_line)
    assert [number for number, _ in rows] == [2, 3, 5]
    assert len(rows[0][1][1]) == 200_000
    assert bad == [(4, "unclosed_quote")]


@pytest.mark.parametrize(
    ("lines", "good", "open_in"),
    [
        # To the end of the file; to the next quote of that column, in the last one and in the middle.
        (["1;2;3", '4;5;"6', "7;8;9", "10;11;12"], [2, 4, 5], [3]),
        (["1;2;3", '4;5;"6', '7;8;"9"', "10;11;12"], [2, 4, 5], [3]),
        (["1;2;3", '4;"5;6', '7;"8";9', "10;11;12"], [2, 4, 5], [3]),
        (["1;2;3", '4;5;"6', "7;8;9", '10;11;"12'], [2, 4], [3, 5]),
    ],
)
def test_no_row_is_swallowed_by_a_cell(path, lines, good, open_in):
    text = "\n".join(["a;b;c", *lines, ""])
    with pytest.raises(ReadByLine):
        read(path, text)
    rows, bad = read(path, text, line_by_line=True)
    assert [number for number, _ in rows] == good
    assert bad == [(number, "unclosed_quote") for number in open_in]


def test_a_cell_of_several_lines_is_one_cell(path):
    rows, bad = read(path, 'a;b;c\n1;"x\r\ny; z";3\n4;5;6\n')
    assert rows == [(2, ("1", "x\r\ny; z", "3")), (3, ("4", "5", "6"))]
    assert not bad


def test_a_line_without_end_is_refused_and_not_held(path):
    lines = ["a;b", "1;2", "x" * (batches.LONGEST_LINE + 10), "3;4", ""]
    rows, bad = read(path, "\n".join(lines), line_by_line=True)
    assert rows == [(2, ("1", "2")), (4, ("3", "4"))]
    assert bad == [(3, "too_long")]
    with pytest.raises(UnreadableFile, match="first row"):
        read(path, "a;" + "x" * 2_000_000 + "\n1;2\n")


def test_utf_16_that_breaks_off_is_refused_with_a_mend(path):
    whole = 'a;b\n1;2\n3;"4\n'.encode("utf-16")
    lone = b"\x00\xd8" + ";5\n".encode("utf-16-le")
    for content in (whole[:-1], whole + lone, whole + "1;2\n".encode("utf-16-le") * 300_000 + lone):
        for line_by_line in (False, True):
            with pytest.raises(UnreadableFile, match="breaks off") as refused:
                read(path, content, line_by_line=line_by_line)
            assert refused.value.mend


def test_a_head_may_have_several_lines(path):
    for line_by_line in (False, True):
        rows, bad = read(path, 'a;"b\n(code)"\n1;2\n3;4;5\n6;7\n', line_by_line=line_by_line)
        assert open_table(path).heads == ["a", "b\n(code)"]
        assert rows == [(2, ("1", "2")), (4, ("6", "7"))]
        assert bad == [(3, "wrong_cell_count")]


def test_heads_whose_quote_is_never_closed_are_those_of_their_line(path):
    rows, _ = read(path, 'a;"b\n1;2\n3;4\n')
    assert open_table(path).heads[0] == "a"
    assert [cells for _, cells in rows] == [("1", "2"), ("3", "4")]


def test_a_quote_inside_a_head_opens_nothing(path):
    rows, _ = read(path, 'a;disk 5"\n1;tape 3"\n2;x\n')
    assert open_table(path).heads == ["a", 'disk 5"']
    assert [number for number, _ in rows] == [2, 3]


def test_what_stands_in_quotes_is_no_delimiter(path):
    rows, _ = read(path, '"name, whole";"b, c";d\n"x, y";1;2\n')
    assert open_table(path).heads == ["name, whole", "b, c", "d"]
    assert rows == [(2, ("x, y", "1", "2"))]


def test_a_long_run_of_bad_rows_is_read_line_by_line_and_not_gathered(path):
    text = "a;b\n" + "1;2;3\n" * (batches.BAD_ROWS_HELD + 5_000) + "4;5\n"
    with pytest.raises(ReadByLine):
        read(path, text)
    rows, bad = read(path, text, line_by_line=True)
    assert len(rows) == 1
    assert len(bad) == batches.BAD_ROWS_HELD + 5_000
    most = max(len(batch.rows) + len(batch.bad) for batch in open_table(path, line_by_line=True).batches())
    assert most <= batches.BATCH_ROWS


def test_bad_rows_that_are_found_ahead_are_all_told(path, monkeypatch):
    # Small blocks and quick turns of the threads: one looks ahead while the other reads.
    monkeypatch.setattr(csv_files, "BLOCK_BYTES", 4_096)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        rows, bad = read(path, "a;b;c\n" + "1;2;3\n4;5\n" * 20_000)
    finally:
        sys.setswitchinterval(interval)
    assert [number for number, _ in rows] == list(range(2, 40_002, 2))
    assert [number for number, _ in bad] == list(range(3, 40_003, 2))


def test_a_batch_of_long_rows_is_bounded_in_bytes(path):
    path.write_bytes(b"a;b\n" + (b"1;" + b"x" * 50_000 + b"\n") * 2_000)
    found = list(open_table(path).batches())
    assert sum(len(batch.rows) for batch in found) == 2_000
    assert max(batch.columns.nbytes for batch in found) < batches.BATCH_BYTES + (4 << 20)


def test_ten_thousand_unknown_heads_are_told_at_once():
    names = {f"column_{number}": (f"kolom_{number}",) for number in range(20)}
    heads = ["colum_1", "column_2", *(f"some_head_{number}" for number in range(10_000))]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    found = map_heads(heads, names)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 1
    assert (found.columns, found.near["colum_1"], len(found.unknown)) == ({"column_2": 1}, "column_1", 10_001)


def test_a_broken_byte_in_a_file_of_utf8_costs_its_row_and_spoils_no_other_name(path):
    text = "nama;kota\nJosé;Ambon\nNoël;Kupang\nSiti;Bogor\n".encode()
    broken = text.replace(b"Siti", b"S\xe9ti")
    for content in (broken, codecs.BOM_UTF8 + broken):
        rows, bad = read(path, content)
        assert [cells[0] for _, cells in rows] == ["José", "Noël", "S\x1ati"] and bad == []
        assert open_table(path).details == "CSV, semicolon, UTF-8 with broken characters"
    # Line by line it reads alike.
    assert read(path, broken, line_by_line=True) == read(path, broken)


def test_a_file_that_breaks_off_inside_a_character_loses_its_last_row_only(path):
    rows, _ = read(path, "a;b\né;ï\nß;é".encode()[:-1])
    assert rows == [(2, ("é", "ï")), (3, ("ß", "\x1a"))]


def test_a_mended_file_is_the_same_however_it_is_read(tmp_path):
    # Characters of two and three bytes lie across every border of a block.
    content = ("é€x" * 700_001).encode() + b"\xff" + "é".encode() * 5
    whole = content.decode("utf-8", "blanko.lost").encode()
    for size in (1, 7, 1 << 20):
        piece = content if size > 1 else content[-30:]
        mended, parts = csv_files._Mended(io.BytesIO(piece)), []
        while part := mended.read(size):
            parts.append(part)
        assert b"".join(parts) == (whole if size > 1 else piece.decode("utf-8", "blanko.lost").encode())
        assert csv_files._Mended(io.BytesIO(piece)).read() == b"".join(parts)


def test_one_accented_letter_of_windows_is_no_broken_utf8(path):
    rows, _ = read(path, "a;b\nJosé;Ambon\n".encode("cp1252"))
    assert rows == [(2, ("José", "Ambon"))]
