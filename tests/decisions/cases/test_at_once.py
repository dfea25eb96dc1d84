"""Two officers, one case."""

from threading import Thread

from decisions.cases.doubles import AT, double, file
from django.db import connection
from records.filed import registration

from blanko.decisions.cases import operations, rules

SEEN = "both papers and the face seen"


def test_two_officers_at_once_settle_a_case_once(fresh_database, acting_as):
    """The second one waits for the first, and finds the case settled."""
    with acting_as("svc.registry"):
        (number,) = file(registration(0), double(0))
    found = []

    def act(officer):
        try:
            with acting_as(officer):
                found.append(operations.settle(case_no=number, outcome="same", reason=SEEN, by=officer, at=AT).state)
        except rules.CaseStands:
            found.append("stands")
        finally:
            connection.close()

    clerks = [Thread(target=act, args=(officer,)) for officer in ("operator.3171", "operator.3201")]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    assert sorted(found) == ["settled", "stands"]
