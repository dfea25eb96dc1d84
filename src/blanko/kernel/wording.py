"""Numbers and days as Indonesian official papers write them. Pure."""

from __future__ import annotations

from datetime import date

from blanko.kernel.errors import InvalidValue

MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
# The letterhead of the ministry's papers, and what they call the central warehouse.
HEAD = {
    "ministry": "Kementerian Dalam Negeri Republik Indonesia",
    "unit": "Direktorat Jenderal Kependudukan dan Pencatatan Sipil",
    "address": "Jalan Raya Pasar Minggu Km. 19, Jakarta Selatan",
}
CENTRE_NAME = "Gudang Pusat Ditjen Dukcapil, Jakarta"
_UNITS = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
_SCALES = ((10**9, "miliar"), (10**6, "juta"), (1000, "ribu"), (100, "ratus"), (10, "puluh"))


def grouped(number: int) -> str:
    """7000000 as 7.000.000."""
    return f"{number:,}".replace(",", ".")


def day(when: date) -> str:
    """A day as 4 April 2017."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def in_words(number: int) -> str:
    """A number from 0 up in words, which papers repeat so that no figure can be altered.

    >>> in_words(11_500)
    'sebelas ribu lima ratus'
    """
    if not 0 <= number < 10**12:
        raise InvalidValue(
            "{number} is not written in words here", mend="give a number from 0 to 999,999,999,999", number=number
        )
    if number < 10:
        return _UNITS[number]
    if 11 <= number <= 19:
        return "sebelas" if number == 11 else f"{_UNITS[number - 10]} belas"
    for size, name in _SCALES:
        if number >= size:
            many, rest = divmod(number, size)
            # One ten, hundred or thousand is "se-"; one million is "satu juta".
            head = f"se{name}" if many == 1 and size <= 1000 else f"{in_words(many)} {name}"
            return head if not rest else f"{head} {in_words(rest)}"
    raise AssertionError(number)
