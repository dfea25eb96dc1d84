"""Suspended cards and withdrawn records by their pages: told, objected to, decided by another, taken back; restored."""

import pytest
from django.test import Client
from records.filed import death, put, registration

from blanko.decisions.cases import deaths, operations
from blanko.ground.access.acting import acting
from blanko.records.entitlement import operations as entitlement
from blanko.records.registry.models import Record
from blanko.records.registry.rules import person_text
from tests.decisions.cases.doubles import AT
from tests.doors.web.conftest import act

pytestmark = pytest.mark.django_db
WHY = {"reason": "came to the counter"}


@pytest.fixture
def person():
    with acting(principal="svc.registry"):
        put(registrations=[registration(1), registration(2)], deaths=[death(1, name="BUDI B1")])
        entitlement.catch_up(by="svc.registry", at=AT)
        operations.open_cases(by="svc.registry", at=AT)
    (row,) = deaths.standing()
    return person_text(row["person_id"])


def reader(officer):
    return act(Client(headers={"accept-language": "en"}), officer)


def test_an_objection_is_kept_by_one_officer_and_decided_by_another(person, monkeypatch):
    one, other = reader("operator.3171"), reader("kepala.pusat")
    address = f"/cases/deaths?person={person}"
    shown = one.get(address).content.decode()
    assert "BUDI B1" in shown
    assert "Keep an objection" in shown
    # The family came within the days.
    monkeypatch.setattr("blanko.doors.web.pages.deaths.timezone.now", lambda: AT)

    def does(who, what, status=302, **given):
        answer = who.post("/cases/deaths", {"do": what, "person": person, **WHY, **given})
        assert answer.status_code == status, answer.content.decode()
        return who.get(address).content.decode()

    does(one, "object", status=422, objector="", shown="")
    does(Client(), "object", status=422, objector="SITI", shown="himself")
    assert "Decide the objection" in does(one, "object", objector="SITI", shown="himself")
    does(one, "uphold", status=422)
    assert "Objections that were upheld" in does(other, "uphold")
    assert deaths.standing() == []
    assert "Decide the objection" in does(other, "undo")
    assert "Take the rejection back" in does(other, "reject")
    does(other, "undo")
    assert "Keep an objection" in does(one, "withdraw")
    does(one, "nothing", status=422)


def test_the_letters_come_as_a_list_and_one_by_one(person):
    anybody = Client(headers={"accept-language": "id"})
    assert anybody.get("/cases/notices.xlsx").content.startswith(b"PK")
    (row,) = deaths.standing()
    assert anybody.get(f"/cases/notices/{row['notice_no']}.pdf").content.startswith(b"%PDF")
    assert anybody.get("/cases/notices/999.pdf").status_code == 404


def test_a_record_is_withdrawn_and_restored_on_its_page(person):
    one = reader("kepala.3171")
    said = {"record": "3171/R00002", **WHY}
    assert one.post("/cases/withdrawn", {"do": "withdraw", **said, "reason": ""}).status_code == 422
    assert one.post("/cases/withdrawn", {"do": "withdraw", **said}).status_code == 302
    assert "BUDI C2" in one.get("/cases/withdrawn").content.decode()
    assert one.post("/cases/withdrawn", {"do": "forget", **said}).status_code == 422
    assert one.post("/cases/withdrawn", {"do": "restore", **said}).status_code == 302
    assert not Record.objects.filter(withdrawn=True).exists()
