"""A manifest is taken whole or refused whole, with the row and the reason of everything that is wrong."""

from __future__ import annotations

import random
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from django.db import connection, transaction

from blanko.cards.custody import manifest_store, manifests, queries, uids
from blanko.cards.custody.manifests import ManifestRefused
from blanko.cards.custody.uids import LotShape
from blanko.ground.audit import operations as audit
from blanko.ground.files.batches import UnreadableFile

SHAPE = LotShape("L-1", "PB17", 1, 4, 5)
HEADS = ("series", "box", "position", "uid")


def uid(n):
    return f"04{n:012X}"


def chips(shape=SHAPE, start=1):
    return [
        [shape.series, str(shape.first_box + box), str(position + 1), uid(start + box * shape.box_size + position)]
        for box in range(shape.box_count)
        for position in range(shape.box_size)
    ]


def boxes(shape=SHAPE):
    return [[shape.series, str(shape.first_box + n), "1", str(shape.box_size)] for n in range(shape.box_count)]


def written(path, rows, heads=HEADS, between=","):
    path.write_text("\n".join(between.join(row) for row in [heads, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def lot(db, acting_as, accept, tmp_path):
    """A lot of 4 boxes of 5 inside one transaction, and where originals are kept."""
    from cards.conftest import AT

    with acting_as("svc.custody"):
        accept(boxes=4, size=5)
        yield lambda path, lot_no="L-1": manifest_store.load(
            path=path, lot_no=lot_no, store=tmp_path / "kept", by="gudang.pusat", at=AT
        )


def counted():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM custody_manifest), (SELECT count(*) FROM custody_manifest_box),"
            " (SELECT count(*) FROM custody_uid), (SELECT count(*) FROM custody_uid_part)"
        )
        return cursor.fetchone()


@pytest.mark.parametrize("of", ["csv", "semicolon", "xlsx", "parquet", "serials"])
def test_chips_come_from_every_kind_of_file(lot, tmp_path, of):
    rows = chips()
    random.Random(7).shuffle(rows)
    path = tmp_path / f"manifest.{of}"
    if of == "xlsx":
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        for number, row in enumerate([("Seri", "Nomor Dus", "Posisi", "Chip UID"), *rows]):
            sheet.write_row(number, 0, row)
        book.close()
    elif of == "parquet":
        pq.write_table(pa.table(dict(zip(HEADS, map(list, zip(*rows, strict=True)), strict=True))), path)
    elif of == "serials":
        written(path, [[f"{s}-{int(b):06d}-{int(p):04d}", u] for s, b, p, u in rows], ("serial", "uid"))
    else:
        written(path, rows, between=";" if of == "semicolon" else ",")
    assert lot(path)["chips"] == 20
    assert queries.by_uid([uid(7)]) == ["PB17-000002-0002"]
    assert queries.uid_at("PB17-000002-0002") == uid(7)
    assert queries.by_uid([uid(999)]) == []


def test_boxes_alone_are_a_manifest_too(lot, tmp_path):
    path = written(tmp_path / "m.csv", boxes(), ("series", "box", "first_serial", "last_serial"))
    assert lot(path) == {"lot_no": "L-1", "boxes": 4, "chips": 0, "repeated": False,
                         "sha256": sha256(path.read_bytes()).hexdigest()}  # fmt: skip
    assert queries.uid_at("PB17-000002-0002") is None


def test_the_same_manifest_again_changes_nothing_and_another_one_is_refused(lot, tmp_path):
    path = written(tmp_path / "m.csv", chips())
    lot(path)
    before = counted()
    assert lot(path)["repeated"] is True
    with pytest.raises(manifest_store.ManifestLoaded), transaction.atomic():
        lot(written(tmp_path / "n.csv", chips(start=900)))
    assert counted() == before == (1, 4, 20, 1)


def test_a_chip_of_another_lot_is_refused_and_nothing_is_left(lot, accept, tmp_path):
    accept(lot_no="L-2", first_box=5, boxes=4, size=5)
    lot(written(tmp_path / "m.csv", chips()))
    before = counted()
    second = chips(LotShape("L-2", "PB17", 5, 4, 5), start=100)
    second[3][3] = uid(7)
    with pytest.raises(ManifestRefused, match="box 5, position 4 is a chip of lot L-1"), transaction.atomic():
        lot(written(tmp_path / "n.csv", second), "L-2")
    assert counted() == before
    second[3][3] = uid(777)
    lot(written(tmp_path / "n.csv", second), "L-2")
    assert counted() == (2, 8, 40, 2)


def test_the_seal_covers_the_boxes_and_each_boxs_chips(lot, tmp_path):
    lot(written(tmp_path / "m.csv", chips()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_event WHERE operation = 'custody.load_manifest'")
        assert audit.verify(cursor.fetchone()[0]).holds
        cursor.execute("SELECT chips_sha256 FROM custody_manifest_box ORDER BY box_no")
        sealed = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT uid FROM custody_uid ORDER BY box_no, position")
        stored = np.array([row[0] for row in cursor.fetchall()], ">i8").reshape(4, 5)
    assert sealed == [sha256(row.tobytes()).hexdigest() for row in stored]


def test_the_app_cannot_change_a_chip(lot, tmp_path):
    lot(written(tmp_path / "m.csv", chips()))
    for statement in ("UPDATE custody_uid SET position = 1", "DELETE FROM custody_uid_1",
                      "INSERT INTO custody_uid_1 (uid, box_no, position) VALUES (1, 1, 1)"):  # fmt: skip
        with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize("text", ["04A1B2C3D4E5F6", "DEADBEEF", "04:a1:b2:c3:d4:e5:f6", "00000000", "00000000000000"])
def test_a_uid_is_stored_without_loss(text):
    assert uids.uid_text(uids.uid_of(text)) == text.replace(":", "").upper()


def test_short_and_long_uids_are_never_taken_for_each_other():
    assert uids.uid_of("00000001") != uids.uid_of("00000000000001")


@pytest.mark.parametrize("text", ["", "04A1", "XYZ", "04A1B2C3D4E5F6A7", "4A1B2C3D4E5F6", "-4A1B2C3"])
def test_what_is_no_uid_is_refused(text):
    with pytest.raises(uids.NotAUid):
        uids.uid_of(text)


# What can be done to a right manifest, so that it must be refused; each says which row tells it (None: as a whole).
def _cell(draw, rows, place, value):
    at = draw.randrange(len(rows))
    rows[at][place] = value
    return at + 2


BAD = {
    "series": lambda d, r: _cell(d, r, 0, d.choice(["XX17", "", "PB18"])),
    "box outside": lambda d, r: _cell(d, r, 1, str(d.choice([0, 99, 123456]))),
    "box no number": lambda d, r: _cell(d, r, 1, d.choice(["-1", "1.5", "b1", "", "1e3", "٣", "9" * 30])),
    "position outside": lambda d, r: _cell(d, r, 2, str(d.choice([0, 6, 9999]))),
    "position no number": lambda d, r: _cell(d, r, 2, d.choice(["", "x", "-2", "2,5", "PB17-000001"])),
    "uid": lambda d, r: _cell(d, r, 3, d.choice(["", "04", "G4000000000001", "04 00", "0400000000000100"])),
    "uid twice": lambda d, r: r[-1].__setitem__(3, r[d.randrange(len(r) - 1)][3]) or len(r) + 1,
    "row twice": lambda d, r: r.append(list(d.choice(r))) or len(r) + 1,
    "row missing": lambda d, r: r.pop(d.randrange(len(r))) and 0,
    "cells missing": lambda d, r: r[d.randrange(len(r))].pop() and None,
    "cells too many": lambda d, r: r[d.randrange(len(r))].append("x"),
    "box missing": lambda d, r: [r.remove(row) for row in list(r) if row[1] == "2"] and 0,
    "serial of another box": lambda d, r: _cell(d, r, 2, "PB17-000099-0001"),
}  # fmt: skip


@pytest.mark.parametrize("seed", [2017, pytest.param(random.SystemRandom().randrange(2**32), id="fresh")])
def test_a_thousand_malformed_manifests_are_refused_with_row_and_reason(lot, tmp_path, seed):
    draw, path = random.Random(seed), tmp_path / "bad.csv"
    before = counted()
    for number in range(1_000):
        rows = chips()
        name = draw.choice(sorted(BAD))
        where = BAD[name](draw, rows)
        written(path, rows)
        with pytest.raises(ManifestRefused) as refused:
            manifests.read(path, SHAPE)
        faults = refused.value.faults
        assert faults, (seed, number, name)
        assert all(fault.reason for fault in faults)
        if where is not None:
            assert where in {fault.row for fault in faults}, (seed, number, name, faults)
    with pytest.raises(ManifestRefused):
        lot(path)
    assert counted() == before, "something of a refused manifest was stored"


@pytest.mark.parametrize(
    "bytes_", [b"", b"PK\x03\x04broken", b"\xff\xfe\x00", b"a" * 100, b"series,box\n", b"%PDF-1.4"]
)
def test_what_is_no_manifest_at_all_is_refused_by_name(tmp_path, bytes_):
    path = tmp_path / "m.csv"
    path.write_bytes(bytes_)
    with pytest.raises((UnreadableFile, ManifestRefused)):
        manifests.read(path, SHAPE)


def test_an_unknown_lot_is_named(lot, tmp_path):
    with pytest.raises(manifest_store.UnknownLot):
        lot(written(tmp_path / "m.csv", chips()), "L-9")
