"""Values that cannot be invalid."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blanko.kernel.areas import AreaCode
from blanko.kernel.boxes import BlankSerial, BoxId, SerialRange
from blanko.kernel.errors import BlankoError, InvalidValue
from blanko.kernel.nik import Nik, contradictions
from blanko.kernel.periods import Period
from blanko.kernel.quantities import Quantity
from blanko.kernel.share import Share


@pytest.mark.parametrize(
    ("text", "level"), [("31", "province"), ("3171", "regency"), ("317101", "district"), ("3171010001", "village")]
)
def test_the_length_of_a_code_is_its_level(text, level):
    assert AreaCode(text).level == level
    assert str(AreaCode(text).province) == "31"


@pytest.mark.parametrize("text", ["", "3", "317", "31.71", "31710100011", "३१", "31a1", " 3171"])
def test_a_code_of_another_shape_is_refused_with_a_mend(text):
    with pytest.raises(InvalidValue) as refused:
        AreaCode(text)
    assert refused.value.mend


def test_a_province_lies_in_no_single_regency():
    assert str(AreaCode("3171010001").regency) == "3171"
    with pytest.raises(InvalidValue):
        _ = AreaCode("31").regency


@pytest.mark.parametrize(
    ("nik", "birth_date", "sex", "expected"),
    [
        ("3171015506900001", date(1990, 6, 15), "P", ()),
        ("3171011506900001", date(1990, 6, 15), "L", ()),
        ("3171011506900001", date(1990, 6, 15), "P", ("sex",)),
        ("3171011506900001", date(1990, 6, 16), "L", ("birth_date",)),
        ("3171011506900001", date(1991, 6, 15), "L", ("birth_date",)),
        ("3171017106000001", date(2000, 6, 30), "L", ("birth_date", "sex")),
        ("3171010107120001", date(2012, 7, 1), "L", ()),
        ("3171010107120001", date(1912, 7, 1), "L", ()),
    ],
)
def test_a_nik_contradicts_exactly_what_its_digits_say_otherwise(nik, birth_date, sex, expected):
    assert contradictions(Nik(nik), birth_date=birth_date, sex=sex) == expected


def test_the_parts_of_a_nik():
    nik = Nik("3171015506900007")
    assert (nik.district, nik.sex, nik.birth_day_month, nik.birth_year_of_century, nik.serial) == (
        "317101",
        "P",
        (15, 6),
        90,
        7,
    )
    assert str(nik) == "3171015506900007"


@pytest.mark.parametrize("text", ["", "123", "31710155069000071", "3171.0155069000", "317101550690000x"])
def test_a_nik_is_sixteen_digits(text):
    with pytest.raises(InvalidValue):
        Nik(text)


@given(series=st.from_regex(r"[A-Z0-9]{2,12}", fullmatch=True), number=st.integers(0, 999_999), at=st.integers(1, 9999))
def test_a_serial_reads_back_as_it_was_written(series, number, at):
    serial = BlankSerial(BoxId(series, number), at)
    assert BlankSerial.parse(f" {str(serial).lower()} ") == serial
    assert BoxId.parse(str(serial.box)) == serial.box


@pytest.mark.parametrize("text", ["", "PB17", "PB17-1", "PB17-0000001", "P-000001", "PB 17-000001"])
def test_a_box_of_another_shape_is_refused(text):
    with pytest.raises(InvalidValue):
        BoxId.parse(text)
    with pytest.raises(InvalidValue):
        BlankSerial.parse(text)


def test_a_box_outside_its_six_digits_is_refused():
    with pytest.raises(InvalidValue):
        BoxId("PB17", 1_000_000)
    with pytest.raises(InvalidValue):
        BlankSerial(BoxId("PB17", 1), 0)


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 500), st.integers(1, 500))
def test_ranges_overlap_exactly_when_they_share_a_position(a, b, c, d):
    one, two = SerialRange(min(a, b), max(a, b)), SerialRange(min(c, d), max(c, d))
    shared = set(range(one.first, one.last + 1)) & set(range(two.first, two.last + 1))
    assert one.overlaps(two) == bool(shared)
    assert all(position in one for position in shared)
    assert len(one) == one.last - one.first + 1
    if one.joins(two):
        assert not one.overlaps(two)


@pytest.mark.parametrize(("first", "last"), [(0, 3), (4, 3), (1, 10_000)])
def test_an_empty_or_impossible_range_is_refused(first, last):
    with pytest.raises(InvalidValue):
        SerialRange(first, last)


def test_a_range_is_written_with_its_ends():
    assert str(SerialRange(1, 20)) == "0001-0020"


def test_quantities_never_fall_below_zero():
    assert int(Quantity(30) + Quantity(20)) == 50
    assert Quantity(50) - Quantity(50) == Quantity(0)
    with pytest.raises(InvalidValue):
        _ = Quantity(30) - Quantity(50)
    for wrong in (-1, True, 1.5):
        with pytest.raises(InvalidValue):
            Quantity(wrong)


def test_a_period_holds_both_its_ends():
    april = Period(date(2017, 4, 1), date(2017, 4, 30))
    assert april.days == 30
    assert date(2017, 4, 1) in april
    assert date(2017, 4, 30) in april
    assert date(2017, 5, 1) not in april
    assert Period(date(2017, 4, 1)).days is None
    assert date(2030, 1, 1) in Period(date(2017, 4, 1))
    with pytest.raises(InvalidValue):
        Period(date(2017, 4, 2), date(2017, 4, 1))


def test_a_share_keeps_its_base_and_rounds_as_offices_do():
    said = Share(172_046_898, 178_207_350)
    assert said.percent(2) == "96.54"
    assert said.rounded(4) == 0.9654
    assert Share(1, 200).percent(0) == "1"
    assert Share(1, 3).exact.denominator == 3
    for numerator, denominator in ((1, 0), (-1, 5)):
        with pytest.raises(InvalidValue):
            Share(numerator, denominator)


def test_an_error_is_known_by_a_stable_code():
    class NotEnoughBlanks(BlankoError):
        """Too few."""

    assert NotEnoughBlanks.code == "not_enough_blanks"
    assert str(NotEnoughBlanks()) == "not enough blanks"
    assert NotEnoughBlanks("held 30", mend="ask for fewer").mend == "ask for fewer"
