"""Which kind a file is, and what a refusal or a warning is called. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from blanko.kernel.errors import BlankoError


class UnknownKind(BlankoError, ValueError):
    """The heads fit none of the kinds."""


class MissingColumns(BlankoError, ValueError):
    """The file lacks columns without which none of its rows could be stored or placed."""


# What would mend a refused row, by reason. Shown in rejects.csv and on the page.
MENDS = {
    "missing": "fill this cell: without it the row can neither be stored nor placed",
    "unknown_area": "use the Interior Ministry's code (10 digits for a village, 4 for a regency), without dots",
    "unknown_office": "use the office's code: 00, 2 digits for a province, 4 for a regency",
    "impossible_date": "write a day that exists as YYYY-MM-DD or DD-MM-YYYY",
    "wrong_length": "write exactly 16 digits; format the column as text before saving from a spreadsheet",
    "too_long": "shorten the text",
    "not_digits": "write digits only; format the column as text before saving from a spreadsheet",
    "control_characters": "remove the invisible characters and save the file as UTF-8",
    "unknown_choice": "use one of the listed words",
    "impossible_moment": "write a time that exists as 2017-04-04T09:00:00+07:00",
    "not_a_number": "write a number with a point, for example 0.98",
    "not_a_count": "write a whole number from 0 up, without separators",
    "too_many": "write a number that can be meant: a week has 168 hours",
}

# Warnings are kept with the row; the last field says whether the card waits until it is settled.
WARNINGS = {
    "nik_missing": ("the record has no NIK", True),
    "nik_contradicts_birth_date": ("the NIK's digits say another birth date", True),
    "nik_contradicts_sex": ("the NIK's digits say another sex", True),
    "nik_repeated": ("another row of the file has the same NIK", False),
    "under_17": ("under 17 and never married: owed a card on the 17th birthday", False),
    "birth_date_missing": ("the record has no birth date", True),
    "birth_date_in_future": ("the birth date lies in the future", True),
    "sex_missing": ("the record has no sex", True),
    "name_missing": ("the record has no name", True),
    "district_unknown": ("the district is not known today; the row is placed by its regency", False),
    "village_unknown": ("the village is not known today; the row is placed by its district", False),
    "recorded_in_future": ("the day of recording lies in the future", False),
}


def recognise(heads_by_kind: Mapping[str, tuple[int, Iterable[str]]]) -> str:
    """The kind whose required columns are all there, the one with most columns found first.

    ``heads_by_kind`` kind -> (columns found, required columns missing). Raises UnknownKind, naming the nearest kind's
    gaps.
    """
    whole = [(found, name) for name, (found, missing) in heads_by_kind.items() if not list(missing)]
    if whole:
        return max(whole, key=lambda item: (item[0], item[1]))[1]
    near = max(heads_by_kind, key=lambda name: (heads_by_kind[name][0] - len(list(heads_by_kind[name][1])), name))
    gaps = ", ".join(heads_by_kind[near][1])
    raise UnknownKind(
        "the heads fit none of {listed}; nearest is {near}, which lacks {gaps}",
        mend="correct the heads, or say the kind with --kind",
        listed=", ".join(sorted(heads_by_kind)),
        near=near,
        gaps=gaps,
    )
