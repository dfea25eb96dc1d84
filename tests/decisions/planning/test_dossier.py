"""A published round is computed again by a stranger, to the byte, and nothing said against it is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_data import APRIL_4, AT

from blanko.decisions.planning import dossier, operations, queries, rules, sharing
from blanko.decisions.planning.asked import Terms
from blanko.doors.cli import main as cli
from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit

from .test_rounds import PLANNER, draft
from .test_sharing import TERMS, area

DAY = st.none() | st.dates(date(2017, 1, 1), date(2017, 4, 3))


@given(
    needs=st.lists(
        st.tuples(st.integers(0, 9_000), st.integers(0, 5_000), st.integers(0, 900), DAY, st.booleans()),
        min_size=1, max_size=8,
    ),
    release=st.integers(1, 9_000), staged=st.booleans(), part=st.integers(0, 500),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_every_round_is_computed_again_to_the_byte(needs, release, staged, part):
    stage = date(2017, 4, 19)
    areas = [
        area(f"11{number:02d}", need, in_hand=held, in_transit=coming, last_box_on=last,
             deadline=stage if number == 0 or inside else None)
        for number, (need, held, coming, last, inside) in enumerate(needs)
    ]  # fmt: skip
    terms = Terms(
        "a test", APRIL_4, release=release, stock=10_000, box_size=500, part_boxes=True,
        deadline=stage if staged else None, part_reserve=part,
    )  # fmt: skip
    made = sharing.draft(areas, terms)
    again = dossier.rerun(made.document)
    assert again.same
    assert again.computed_sha256 == made.document_sha256
    assert again.differing == ()


def test_a_share_that_was_altered_is_named():
    made = sharing.draft([area("1101", 2_000), area("1871", 6_000)], TERMS)
    altered = json.loads(made.document)
    altered["shares"][1]["share"] += 500
    found = dossier.rerun(json.dumps(altered).encode())
    assert not found.same
    assert found.differing == ("1871",)


@pytest.mark.parametrize(
    ("given_bytes", "says"),
    [(b"", "no JSON"), (b"[1]", "no JSON"), (b"{}", "lacks"), (b"\xff\xfe", "no JSON"),
     (b'{"terms":{"rule_version":"dice/9"},"shares":[],"effects":[],"inputs_sha256":""}', "dice/9")],
)  # fmt: skip
def test_what_is_no_round_is_refused_by_name(given_bytes, says):
    with pytest.raises(dossier.NotADossier, match=says) as refused:
        dossier.rerun(given_bytes)
    assert refused.value.mend


@pytest.mark.django_db
def test_the_dossier_of_a_stored_round_reruns_without_a_database(counts, stock, tmp_path, capsys):
    number = draft()
    with acting(principal=PLANNER):
        operations.object_to_round(round_no=number, regency="1101", text="we printed 400 since", by=PLANNER, at=AT)
    made = dossier.dossier(queries.round(number), queries.round_document(number))
    path = tmp_path / "round.json"
    path.write_bytes(made)
    told = json.loads(made)
    assert told["objections"][0]["text"] == "we printed 400 since"
    assert told["document_sha256"] == queries.round(number)["document_sha256"]
    assert cli.main(["planning", "rerun", str(path)]) == 0
    assert "The same bytes" in capsys.readouterr().out
    alone = "import sys; from blanko.doors.cli import main; code = main.main(['planning', 'rerun', sys.argv[1]]);"
    alone += " sys.exit(code or 'django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", alone, str(path)], capture_output=True, check=False).returncode == 0
    path.write_bytes(made.replace(b'"share": ', b'"share": 1', 1))
    assert cli.main(["planning", "rerun", str(path)]) == 1
    assert cli.main(["planning", "rerun", str(tmp_path / "none.json")]) == 2


@pytest.mark.django_db
def test_an_objection_is_kept_sealed_and_changes_no_share(counts, stock):
    number = draft()
    before = [share["share"] for share in queries.round(number)["shares"]]
    with acting(principal=PLANNER):
        for text in ("too little", "still too little"):
            operations.object_to_round(round_no=number, regency="1871", text=text, by=PLANNER, at=AT)
        with pytest.raises(rules.AreaNotInRound):
            operations.object_to_round(round_no=number, regency="9999", text="x", by=PLANNER, at=AT)
        with pytest.raises(rules.ObjectionEmpty):
            operations.object_to_round(round_no=number, regency="1871", text="  ", by=PLANNER, at=AT)
    found = queries.round(number)
    assert [share["share"] for share in found["shares"]] == before
    assert [objection["sequence"] for objection in found["objections"]] == [1, 2]
    from blanko.decisions.planning.models import Objection

    assert all(audit.verify(event).holds for event in Objection.objects.values_list("event_id", flat=True))
