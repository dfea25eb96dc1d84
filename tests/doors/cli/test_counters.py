"""What offices print before others is a public figure with its base, and so are sukets that are out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from blanko.cards.issuance import queries as issuance
from blanko.cards.issuance.rules import OutOfTurn
from blanko.cards.suket import queries as suket
from blanko.decisions.transparency import queries
from blanko.decisions.transparency.counters import publish_counters
from blanko.ground.access.acting import acting

pytestmark = pytest.mark.database
FIRST, LAST, AT = date(2017, 3, 20), date(2017, 4, 30), datetime(2017, 5, 1, 9, tzinfo=UTC)


def test_each_figure_has_its_base_and_the_nation_is_the_sum_of_its_offices(replayed, django_db_blocker):
    with django_db_blocker.unblock():
        with acting(principal="svc.transparency"):
            done = publish_counters(first=FIRST, last=LAST, kind="synthetic", by="svc.transparency", at=AT)
            again = publish_counters(first=FIRST, last=LAST, kind="synthetic", by="svc.transparency", at=AT)
        assert done.published
        assert (again.published, again.unchanged) == (0, done.published)
        for name in ("cards_out_of_turn", "suket_open"):
            figures = queries.figures(known_on=date(2017, 5, 1), metric=name)
            nation = next(figure for figure in figures if figure["area"] == "ID")
            offices = [figure for figure in figures if figure["area"] != "ID"]
            assert nation["numerator"] == sum(figure["numerator"] for figure in offices)
            assert nation["denominator"] == sum(figure["denominator"] for figure in offices)
            assert nation["arithmetic"]
        turns = issuance.turns(first=FIRST, last=LAST)
        printed = sum(row["cards"] for row in turns)
        passed = sum(row["cards"] for row in turns if row["turn"] in list(OutOfTurn))
        nation = queries.figures(known_on=date(2017, 5, 1), metric="cards_out_of_turn", area="ID")[0]
        assert (nation["numerator"], nation["denominator"]) == (passed, printed)
        assert 0 < passed < printed / 50, "the replay prints few out of turn"
        held = queries.figures(known_on=date(2017, 5, 1), metric="suket_open", area="ID")[0]
        assert held["numerator"] == sum(row["holders"] for row in suket.holders(on=LAST)) > 0
