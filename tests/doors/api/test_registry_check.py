"""The counter's answer is written by hand, and is what its description says."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from blanko.doors.api.registry_check import CheckAnswer, _told
from blanko.records.registry.checking import Answer, Candidate, Part

PARTS = (Part("prior", "any two records", -22.5), Part("name", "one is missing", 0.0))
FOUND = Candidate("3201", 'A "1"', 572, "SITI É", "1980-05-07", 21.25, 0.9999, "merged", "", PARTS)
UNNAMED = Candidate("00", "B", 573, None, None, -3.5, 0.08, "review", "weak_together", ())
SINCE = datetime(2017, 4, 4, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "answer",
    [
        Answer("new", None, 1, 0, 0, 0, None, ()),
        Answer("same", 572, 2, 7, 1, 40, SINCE, (FOUND, UNNAMED)),
        Answer("uncertain", None, 2, 1, 0, 0, None, (UNNAMED,)),
    ],
)
def test_the_answer_is_what_its_description_says(answer: Answer) -> None:
    wanted = asdict(answer)
    for found in wanted["candidates"]:
        found["parts"] = [part._asdict() for part in found["parts"]]
    written = CheckAnswer.model_validate_json(_told(answer).content)
    assert written.model_dump() == CheckAnswer.model_validate(wanted).model_dump()
    assert set(CheckAnswer.model_fields) == set(wanted)
