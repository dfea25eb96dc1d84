"""Every stored code that a page shows has its word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from blanko.cards.custody.rules import Kind
from blanko.cards.issuance.rules import Step
from blanko.doors.web import codes
from blanko.records.intake.kinds import KINDS
from blanko.records.intake.rules import WARNINGS

SOURCE = Path(__file__).parents[3] / "src" / "blanko"
ROOMS = ("ground", "records", "cards", "decisions")


def test_every_kind_of_file_and_every_warning_has_its_word():
    assert set(codes.file_kinds()) == set(KINDS)
    assert set(codes.warnings()) == set(WARNINGS)


def test_every_operation_of_the_rooms_has_its_word():
    named = {
        code
        for room in ROOMS
        for path in (SOURCE / room).rglob("*.py")
        for code in re.findall(r'"((?:intake|registry|entitlement|procurement|custody|issuance|planning|transparency'
                               r'|scenario|places|counting|destruction)\.[a-z_]+)"', path.read_text(encoding="utf-8"))
        if not code.endswith(".sql")
    }  # fmt: skip
    made = {f"custody.{kind}" for kind in Kind if kind not in (Kind.DISPATCH, Kind.RETURN)}
    made |= {f"issuance.{step}" for step in Step}
    assert named - set(codes.operations()) == set()
    assert {code for code in made if code not in codes.operations()} <= {"custody.receipt", "issuance.printed"}


@pytest.mark.database
def test_every_code_of_the_replay_has_its_word(replayed, django_db_blocker):
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT operation FROM audit_event")
        assert {code for (code,) in cursor.fetchall()} <= set(codes.operations())
        cursor.execute("SELECT DISTINCT name FROM transparency_figure")
        assert {code for (code,) in cursor.fetchall()} <= set(codes.figures())


@pytest.mark.database
def test_pages_show_words_where_codes_are_stored(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        reader = Client(headers={"accept-language": "id"})
        audit = reader.get("/audit").content.decode()
        files = reader.get("/files").content.decode()
        regency = reader.get("/regencies/3171").content.decode()
        legend = reader.get("/map").content.decode()
        only = reader.get("/dispatches?regency=1871").content.decode()
        every = reader.get("/dispatches").content.decode()
    assert "putaran ditetapkan" in audit
    assert "planning.commit_round" not in audit
    assert "perekaman" in files
    assert "Tenggatnya" in regency
    assert "19 April 2017" in regency
    assert re.search(r'class="legend".*\d+,\d % – \d+,\d %', legend, re.DOTALL)
    assert "Bandar Lampung" in only
    assert only.count("surat-jalan.pdf") < every.count("surat-jalan.pdf")
