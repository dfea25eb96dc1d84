"""The pages speak of the day on which the claims stand, whichever it is; and a mended row moves need and share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.decisions.planning import queries as planning
from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations as entitlement
from blanko.records.entitlement import queries as owed

pytestmark = pytest.mark.database

DIRTY = Path(__file__).resolve().parents[3] / "examples" / "registrations-dirty.csv"


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client()


def drop(reader, content):
    answer = reader.post(
        "/files", {"file": SimpleUploadedFile("d.csv", content)}, follow=True, headers={"accept-language": "en"}
    )
    assert answer.status_code == 200
    return answer.content.decode()


def share_of_plenty(regency):
    return planning.trial_shares(as_of=owed.claims_as_of(), stock=10_000_000, box_size=500)[regency]


def test_mending_one_row_accepts_it_alone_and_moves_need_and_share(reader):
    # The example is Kota Metro's; Kepulauan Seribu is the regency that this small replay loaded whole.
    dirty = DIRTY.read_bytes().replace(b"1872", b"3101").replace(b"18.72.01", b"31.01.01")
    first = drop(reader, dirty)
    assert "<strong>6</strong> accepted + <strong>1</strong> unchanged + <strong>7</strong> refused" in first
    ready = owed.backlog(area="3101").print_ready
    plenty = share_of_plenty("3101")
    mended = dirty.replace(
        b";310101150690001;RINA CONTOH;METRO;15-06-1990;P;", b";3101015506900041;RINA CONTOH;METRO;15-06-1990;P;"
    )
    assert mended != dirty
    again = drop(reader, mended)
    assert "<strong>1</strong> accepted + <strong>7</strong> unchanged + <strong>6</strong> refused" in again
    assert owed.backlog(area="3101").print_ready == ready + 1
    assert f"{ready} → {ready + 1}; share of a next 100,000 blanks" in again
    # 100,000 blanks go to lower fills than this office's; of a stock for everybody its share is its need, one more now.
    assert share_of_plenty("3101") == plenty + 1


@pytest.mark.parametrize("address", ["/", "/map", "/regencies/3101", "/regencies/1871", "/figures"])
def test_pages_answer_for_another_day_too(reader, address):
    with acting(principal="svc.registry"):
        entitlement.refresh(as_of=date(2017, 5, 2), by="svc.registry", at=datetime.now(UTC))
    answer = reader.get(address, headers={"accept-language": "en"})
    assert answer.status_code == 200
    if address == "/":
        assert "at offices on 2 May 2017" in answer.content.decode()
