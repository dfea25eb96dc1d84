"""Hands as a picture, a seized list on a page, and an alert that is explained there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from blanko.cards.alerts import queries as alerts
from blanko.cards.custody.tracing import Holder
from blanko.doors.web.pages.tracing import LABELS, WIDTH, time_line

AT = datetime(2017, 4, 4, tzinfo=UTC)


@pytest.fixture
def reader(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        yield Client(headers={"accept-language": "en"})


@pytest.mark.database
def test_a_trace_shows_each_hand_and_a_day_what_lay_there(reader):
    text = reader.get("/trace?q=PB17-000001").content.decode()
    assert text.count("<rect") >= 2
    assert "gudang.pusat" in text
    assert reader.get("/trace?q=PB17-999999").status_code == 404
    assert reader.get("/trace?q=nonsense").status_code == 422
    assert reader.get("/trace?office=1871&on=yesterday").status_code == 422
    assert "PB17-" in reader.get("/trace?office=1871&on=2017-04-30").content.decode()


@pytest.mark.database
def test_a_seized_list_is_traced_on_a_page(reader):
    rows = SimpleUploadedFile("found.csv", b"serial\nPB17-000001-0001\nPB17-000001-0002\nXX99-000001-0001\n")
    text = reader.post("/trace", {"file": rows}).content.decode()
    assert "<strong>2</strong> of the list were in custody here" in text
    assert "XX99-000001-0001" in text
    assert reader.post("/trace").status_code == 422


@pytest.mark.database
def test_alerts_are_found_and_explained_on_a_page(reader, act):
    assert reader.post("/alerts/find").status_code == 302
    text = reader.get("/alerts").content.decode()
    assert "overdue on its way" in text
    assert "<option" not in text, "nobody is chosen to act: nothing to fill in"
    name = alerts.alerts()[0]["alert"]
    said = {"alert": name, "reason": "the ship was late"}
    assert reader.post("/alerts/acknowledge", said).status_code == 422
    act(reader, "kepala.pusat")
    assert f'<option value="{name}"' in reader.get("/alerts").content.decode()
    assert reader.post("/alerts/acknowledge", said).status_code == 302
    assert f'<option value="{name}"' not in reader.get("/alerts").content.decode()
    assert "the ship was late" in reader.get("/alerts?ended=1").content.decode()


def test_the_bars_of_a_time_line_are_as_long_as_the_hands_had_it():
    days = [AT + timedelta(days=number) for number in range(4)]
    holders = (
        Holder("00", False, "a", "m:1", days[0], days[1]), Holder("3171", True, "a", "m:2", days[1], days[2]),
        Holder("3171", False, "b", "m:2", days[2]),
    )  # fmt: skip
    bars = time_line(holders, until=days[3])
    third = (WIDTH - LABELS) / 3
    assert [round(bar.width, 6) for bar in bars] == [round(third, 6)] * 3
    assert [bar.colour for bar in bars] == ["flow-good", "flow-warn", "flow-good"]
    assert bars[-1].x + bars[-1].width == pytest.approx(WIDTH)
    assert time_line((), until=AT) == []
