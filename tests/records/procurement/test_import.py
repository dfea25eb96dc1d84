"""A portal's list is taken in whole: every row accepted, unchanged or refused, and twice changes nothing."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.ground.audit import operations as audit
from blanko.ground.files.batches import UnreadableFile
from blanko.ground.files.originals import OriginalNotKept
from blanko.records.procurement import importing, models, notices, queries
from blanko.records.procurement.notices import NoticeKind

AT = datetime(2018, 6, 1, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[3] / "examples" / "tenders-spse.csv"
HEADS = "kd_tender,kd_rup,nama_paket,pagu,hps,nama_penyedia,nilai_kontrak,tgl_pengumuman_tender,tgl_penetapan_pemenang"
GOOD = "9000001,8000001,Blangko,1000,900,PT Contoh,800,2018-01-02 09:00:00,2018-02-03"


@pytest.fixture
def load(db, acting_as, tmp_path):
    def loaded(text, name="tenders.csv", **changed):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return importing.import_notices(path=path, by="svc.procurement", at=AT, data_dir=tmp_path / "data", **changed)

    with acting_as("svc.procurement"):
        yield loaded


def refused(result):
    with open(result.rejects, encoding="utf-8-sig", newline="") as file:
        return [(int(row["row"]), row["column"], row["reason"]) for row in csv.DictReader(file)]


def balanced(result):
    assert result.accepted + result.unchanged + result.refused == result.read
    return result.read, result.accepted, result.unchanged, result.refused


def test_the_example_is_balanced_and_its_refusals_have_their_cells(load):
    result = load(EXAMPLE.read_bytes())
    assert balanced(result) == (6, 2, 0, 4)
    assert refused(result) == [
        (3, "owner_estimate_idr", "above_ceiling"),
        (4, "announced_on", "no_date"),
        (5, "ceiling_idr", "no_amount"),
        (6, "tender_code", "no_code"),
    ]
    first = queries.notices()[0]
    assert (first["code"], first["award_idr"], first["decided_on"]) == ("9000001", 11_750_000_000, date(2018, 3, 8))
    file = models.NoticeFile.objects.get()
    assert audit.verify(file.event_id).holds


def test_the_same_list_twice_changes_nothing(load):
    first = load(f"{HEADS}\n{GOOD}\n")
    again = load(f"{HEADS}\n{GOOD}\n", name="again.csv")
    assert balanced(first) == (1, 1, 0, 0)
    assert balanced(again) == (1, 0, 1, 0)
    assert again.seen_before
    assert models.Notice.objects.count() == 1


def test_a_row_that_says_something_new_is_a_version_and_another_is_unchanged(load):
    load(f"{HEADS}\n{GOOD}\n")
    result = load(f"{HEADS}\n{GOOD}\n{GOOD.replace('9000001', '9000002')}\n{GOOD.replace('9000001', '9000003')}\n")
    assert balanced(result) == (3, 2, 1, 0)
    result = load(f"{HEADS}\n{GOOD.replace(',800,', ',700,')}\n")
    assert balanced(result) == (1, 1, 0, 0)
    (now,) = [row for row in queries.notices(kind="tender") if row["code"] == "9000001"]
    assert (now["version"], now["award_idr"]) == (2, 700)


def test_a_code_twice_in_a_list_is_unchanged_when_alike_and_refused_when_not(load):
    result = load(f"{HEADS}\n{GOOD}\n{GOOD}\n{GOOD.replace(',800,', ',700,')}\n")
    assert balanced(result) == (3, 1, 1, 1)
    assert refused(result) == [(4, "tender_code", "repeated_code")]


def test_plans_of_sirup_are_known_by_their_heads(load):
    heads = "kd_rup;nama_paket;nama_satker;pagu;metode_pengadaan;tgl_awal_pemilihan;tgl_awal_kontrak;tgl_akhir_kontrak"
    result = load(f"{heads}\n8000001;Blangko;Dukcapil;Rp 1.000;Tender;01/02/2018;2018-03-01;2018-12-31\n", "rup.csv")
    assert (result.kind, balanced(result)) == ("plan", (1, 1, 0, 0))
    (plan,) = queries.notices(kind="plan")
    assert (plan["ceiling_idr"], plan["selection_from"], plan["contract_until"]) == (
        1_000, date(2018, 2, 1), date(2018, 12, 31),
    )  # fmt: skip
    assert queries.notices(kind="tender") == []


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("x,8000001,Blangko,1000,900,,,,", ("tender_code", "no_code")),
        ("9000001,8000001,,1000,900,,,,", ("title", "empty")),
        ("9000001,8000001,Blangko,-1,,,,,", ("ceiling_idr", "no_amount")),
        ("9000001,8000001,Blangko,1.5,,,,,", ("ceiling_idr", "no_amount")),
        ("9000001,8000001,Blangko,1000,900,,800,,", ("winner", "award_without_winner")),
        ("9000001,8000001,Blangko,1000,900,PT,1100,,", ("award_idr", "above_ceiling")),
        ("9000001,8000001,Blang\0ko,1000,900,,,,", ("title", "control_character")),
        ("9000001,8000001,Blangko,1000,900,,,2018-02-30,", ("announced_on", "no_date")),
        ("9000001,8000001,Blangko,1000,900,,,2018-02-03,2018-02-02", ("decided_on", "before_its_begin")),
        ("9000001,8000001,Blangko,1000,900", ("", "wrong_cell_count")),
        ('9000001,8000001,"Blangko,1000,900,,,,', ("", "unclosed_quote")),
    ],
)
def test_a_row_is_refused_by_its_cell(load, row, cause):
    result = load(f"{HEADS}\n{row}\n{GOOD.replace('9000001', '9000009')}\n")
    assert balanced(result) == (2, 1, 0, 1)
    assert [(number, (column, reason)) for number, column, reason in refused(result)] == [(2, cause)]


def test_a_row_with_several_faults_tells_all_of_them(load):
    result = load(f"{HEADS}\nx,y,,-1,z,,,,\n")
    ((_, columns, _),) = refused(result)
    assert columns.split(" | ") == ["title", "rup_code", "tender_code", "ceiling_idr", "owner_estimate_idr"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nama_paket,pagu\nBlangko,1\n", notices.UnknownNotices),
        ("kd_tender,pagu\n9000001,1\n", notices.UnknownNotices),
        ("kd_tender,Kode Tender,nama_paket\n9000001,9000001,x\n", notices.UnknownNotices),
        ("", UnreadableFile),
        (b"%PDF-1.7 no table", UnreadableFile),
    ],
)
def test_what_is_no_list_leaves_nothing(load, text, error):
    with pytest.raises(error):
        load(text)
    assert not models.NoticeFile.objects.exists()


def test_a_list_whose_original_cannot_be_kept_is_not_used(load, tmp_path):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(OriginalNotKept):
        load(f"{HEADS}\n{GOOD}\n")
    assert not models.NoticeFile.objects.exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Rp 92.182.778.188,00", 92_182_778_188), ("92,182,778,188.00", 92_182_778_188),
        ("92182778188", 92_182_778_188), ("IDR 1.000", 1_000), ("0", 0), ("1.000.00", None), ("12,5", None),
        ("-5", None), ("12,0", 12), ("1.000", 1_000), ("1.000,0", 1_000),
        ("1e9", None), ("1.00.000", None), ("", None), ("1,5 juta", None), ("9" * 18, None), ("٣", None),
    ],
)  # fmt: skip
def test_rupiah_are_whole_and_plain(text, value):
    assert notices.rupiah(text) == value


@given(st.integers(0, 10**15))
def test_rupiah_read_the_same_in_every_writing(amount):
    local, foreign = f"{amount:,}".replace(",", "."), f"{amount:,}"
    assert {notices.rupiah(text) for text in (str(amount), f"Rp{local},00", f"{foreign}.00", f"Rp. {local}")} == {
        amount
    }


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_day_reads_the_same_in_every_writing(day):
    months = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
              "November", "Desember")  # fmt: skip
    texts = (
        day.isoformat(), f"{day:%Y-%m-%d} 10:00:00", f"{day:%Y-%m-%d}T10:00:00Z", f"{day:%d-%m-%Y}", f"{day:%d/%m/%Y}",
        f"{day.day} {months[day.month - 1]} {day.year}",
    )  # fmt: skip
    assert {notices.day(text) for text in texts} == {day}


cells = st.dictionaries(st.sampled_from(sorted(notices.NAMES)), st.text(max_size=12))


@given(st.sampled_from(list(NoticeKind)), cells)
def test_any_row_is_either_taken_or_refused_with_a_mend(kind, row):
    notice, causes = notices.read(kind, row)
    assert (notice is None) == bool(causes)
    assert all(cause.reason and cause.mend for cause in causes)
