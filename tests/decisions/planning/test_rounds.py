"""Rounds in the database: needs by source, drafts that explain, commits that move boxes, and ends that come once."""

import csv
import hashlib
import io
from datetime import date

import pytest
from django.db import Error, connection
from django.db.transaction import atomic, set_rollback
from planning_data import APRIL_4, AT, WHOLE, count, load_rows, load_whole_regency

from blanko.cards.custody import operations as custody_moves
from blanko.cards.custody import queries as custody
from blanko.cards.custody import rules as moves
from blanko.decisions.planning import models, operations, papers, queries, rules
from blanko.engines.allocation import OverrideRefused
from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit
from blanko.ground.audit import queries as events

pytestmark = pytest.mark.django_db

PLANNER, SECOND = "planner.pusat", "kepala.pusat"


def draft(release=10_000, **rest):
    with acting(principal=PLANNER):
        return operations.draft_round(
            **{"title": "a test", "as_of": APRIL_4, "release": release, "by": PLANNER, "at": AT, **rest}
        )


def review(number, by=SECOND, **rest):
    with acting(principal=by):
        operations.review_round(**{"round_no": number, "approve": True, "by": by, "at": AT, **rest})


def commit(number, by=PLANNER):
    if queries.summary(number)["state"] == "draft":
        review(number)
    with acting(principal=by):
        return operations.commit_round(round_no=number, by=by, at=AT)


def by_regency(number):
    return {row["regency"]: row for row in queries.round(number)["shares"]}


def test_each_regencys_need_names_its_source_and_later_reports_are_not_known_yet(counts):
    needs = queries.needs(APRIL_4)
    assert len(needs) == 514
    assert (needs["3276"].need_source, needs["3276"].need, needs["3276"].source) == (
        "reported",
        5_100,
        "Depok's office",
    )
    assert (needs["1101"].need_source, needs["1101"].need) == ("estimated", 1_000)
    # Bandung's report became known on 20 April.
    assert needs["3273"].need_source == "estimated"
    assert queries.needs(date(2017, 4, 20))["3273"].need == 9_999


def test_a_regency_of_which_nobody_says_anything_is_shown_as_unknown(db):
    needs = queries.needs(APRIL_4)
    assert len(needs) == 514
    assert {(need.need_source, need.need) for need in needs.values()} == {("unknown", 0)}


def test_a_whole_regency_goes_by_its_own_records_and_one_record_fewer_lowers_its_need_by_one(counts, tmp_path):
    found = {}
    for print_ready in (5, 4):
        with atomic():
            load_whole_regency(tmp_path, print_ready=print_ready)
            found[print_ready] = queries.needs(APRIL_4)[WHOLE]
            set_rollback(True)
    assert {need.need_source for need in found.values()} == {"registry"}
    # The estimate of 1,000 for the same regency is another source and is not added.
    assert (found[5].need, found[4].need) == (5, 4)


def test_a_draft_covers_all_regencies_explains_itself_and_moves_nothing(stock, counts):
    before = custody.holdings()
    number = draft()
    found = queries.round(number)
    assert (found["state"], len(found["shares"]), found["shared"], found["left"]) == ("draft", 514, 10_000, 0)
    assert found["need_sources"] == {"estimated": 513, "reported": 1}
    for row in found["shares"]:
        assert row["share"] == row["boxes"] * 500 + row["part"] <= row["remaining"]
        assert row["binding"] == "stock"
        assert row["would_lose"]
        assert row["dispatch_by"] == date(2017, 4, 7)
    assert by_regency(number)["3276"]["requested"] == 140_000
    assert custody.holdings() == before


def test_the_same_input_gives_the_same_bytes(stock, counts):
    one, other = draft(), draft()
    assert one != other
    assert queries.round_document(one) == queries.round_document(other)
    found = queries.round(one)
    assert hashlib.sha256(queries.round_document(one)).hexdigest() == found["document_sha256"]
    assert queries.round_csv(one) == queries.round_csv(other)
    assert len(list(csv.DictReader(io.StringIO(queries.round_csv(one).decode())))) == 514


def test_a_release_larger_than_the_warehouse_is_refused_by_name(stock, counts):
    with pytest.raises(rules.ReleaseExceedsStock, match="20001 blanks were released and 20000 lie"):
        draft(release=20_001)
    assert not queries.rounds()


def test_a_round_for_a_deadline_serves_all_who_have_it_and_says_what_it_cost(stock, counts, deadlines):
    assert deadlines == 6
    number = draft(release=3_000, deadline=date(2017, 4, 19))
    found = queries.round(number)
    served = {row["regency"] for row in found["shares"] if row["share"]}
    assert served == {"3101", "3171", "3172", "3173", "3174", "3175"}
    assert len(found["effects"]) == 508
    assert found["lost_now"] > 0
    assert found["areas"] == 6
    for code in served:
        row = by_regency(number)[code]
        days = row["transport_days"] + row["printing_days"]
        assert (date(2017, 4, 19) - row["dispatch_by"]).days == days


def test_a_deadline_counts_only_from_its_publication_and_no_deadline_no_stage(stock, counts, deadlines):
    with pytest.raises(rules.NobodyHasDeadline):
        draft(deadline=date(2017, 4, 19), as_of=date(2017, 3, 1))
    with acting(principal=PLANNER):
        assert operations.publish_deadlines(deadlines=queries.deadlines(APRIL_4), by=PLANNER, at=AT) == 0


def test_a_commit_sends_exactly_the_shares_in_boxes_first_in_first_out(stock, counts):
    number = draft()
    shares = {code: row["share"] for code, row in by_regency(number).items() if row["share"]}
    sent = commit(number)
    assert {dispatch.regency: dispatch.blanks for dispatch in sent} == shares
    held = custody.holdings()
    assert held["00"].good == stock - 10_000
    assert {code: held[code].in_transit_in for code in shares} == shares
    numbers = sorted(whole.box.number for dispatch in sent for whole in dispatch.boxes)
    opened = {piece.box.number for dispatch in sent for piece in dispatch.pieces}
    assert sorted({*numbers, *opened}) == list(range(1, 21))
    assert queries.dispatches(round_no=number) == sorted(sent, key=lambda d: d.regency)
    assert queries.round(number)["state"] == "committed"


def test_papers_of_a_committed_round_are_the_same_bytes_again(stock, counts):
    number = draft()
    commit(number)
    first, again = queries.dispatches(round_no=number)[0], queries.dispatches(round_no=number)[0]
    assert papers.surat_jalan(first) == papers.surat_jalan(again)
    assert papers.packing_list(first) == papers.packing_list(again)


def test_what_was_sent_counts_as_held_in_the_next_round(stock, counts):
    commit(draft(release=5_000))
    before = by_regency(draft(release=5_000))
    assert sum(row["in_transit"] for row in before.values()) == 5_000
    assert all(row["share"] + row["in_transit"] <= row["need"] for row in before.values())


def test_a_round_ends_once(stock, counts):
    number = draft()
    commit(number)
    for again in (commit, discard):
        with pytest.raises(rules.RoundClosed, match="committed by planner.pusat"):
            again(number)
    with pytest.raises(rules.UnknownRound):
        commit(99)


def discard(number):
    with acting(principal=PLANNER):
        operations.discard_round(round_no=number, reason="the counts were wrong", by=PLANNER, at=AT)


def test_a_discarded_round_leaves_no_trace_but_its_step(stock, counts):
    before = custody.holdings()
    number = draft()
    discard(number)
    found = queries.round(number)
    assert found["state"] == "discarded"
    assert [step["step"] for step in found["steps"]] == ["draft", "discarded"]
    assert custody.holdings() == before
    assert not queries.dispatches(round_no=number)


def test_a_commit_of_more_than_is_left_moves_nothing(stock, counts):
    first, second = draft(release=15_000), draft(release=15_000)
    commit(first)
    before = custody.holdings()
    with pytest.raises(rules.ReleaseExceedsStock):
        commit(second)
    assert custody.holdings() == before
    assert queries.round(second)["state"] == "reviewed"


def test_a_version_drafted_before_another_round_left_is_not_committed(stock, counts):
    first, second = draft(release=5_000), draft(release=5_000)
    commit(first)
    with pytest.raises(rules.RoundStale, match=f"round {first} left the warehouse since round {second}"):
        commit(second)


def override(number, regency, share, **rest):
    with acting(principal=PLANNER):
        operations.override_share(
            **{"round_no": number, "regency": regency, "share": share, "reason": "flood destroyed the stock",
               "by": PLANNER, "second": SECOND, "at": AT, **rest}
        )  # fmt: skip


def test_an_override_shows_for_ever_beside_the_share_by_rule(stock, counts):
    number = draft(release=10_000)
    by_rule = by_regency(number)
    override(number, "1101", 0)
    override(number, "9171", by_rule["9171"]["share"] + by_rule["1101"]["share"])
    document = queries.round_document(number)
    commit(number)
    found = queries.round(number)
    row = {r["regency"]: r for r in found["shares"]}["9171"]
    assert row["overridden"] and row["share_by_rule"] == by_rule["9171"]["share"] < row["share"]
    assert [(o["regency"], o["second"], o["reason"]) for o in found["overrides"]] == [
        ("1101", SECOND, "flood destroyed the stock"), ("9171", SECOND, "flood destroyed the stock"),
    ]  # fmt: skip
    assert queries.round_document(number) == document
    sent = {dispatch.regency: dispatch.blanks for dispatch in queries.dispatches(round_no=number)}
    assert "1101" not in sent and sent["9171"] == row["share"]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"second": PLANNER}, OverrideRefused),
        ({"second": "somebody"}, OverrideRefused),
        ({"second": "svc.planning"}, OverrideRefused),
        ({"reason": " "}, OverrideRefused),
        ({"share": 1_001}, rules.OverrideExceedsNeed),
        ({"share": 1_000}, rules.OverrideExceedsRelease),
        ({"regency": "9999"}, rules.AreaNotInRound),
    ],
)
def test_an_override_is_refused_by_name(stock, counts, change, refusal):
    number = draft()
    given = {"regency": "1101", "share": 0, **change}
    with pytest.raises(refusal):
        override(number, **given)
    assert not queries.round(number)["overrides"]


def test_the_database_itself_refuses_an_override_by_one_person_alone(stock, counts):
    number = draft()
    row = {"round_no": number, "regency": "1101", "sequence": 1, "share_before": 1, "share_after": 0, "by": PLANNER,
           "reason": "because I can", "second": PLANNER, "at": AT, "event_id": 1}  # fmt: skip
    with pytest.raises(Error, match="planning_override_two_officers"), atomic():
        models.Override.objects.create(**row)
    with pytest.raises(Error, match="planning_override_has_reason"), atomic():
        models.Override.objects.create(**{**row, "second": SECOND, "reason": " "})


@pytest.mark.parametrize("change", ["need = need + 1", "share = remaining + 1"])
def test_facts_of_a_round_cannot_be_changed(stock, counts, change):
    draft()
    with pytest.raises(Error, match="permission denied"), atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE planning_share SET {change}")


def test_every_seal_of_a_round_holds(stock, counts, deadlines):
    number = draft(release=3_000, deadline=date(2017, 4, 19))
    override(number, "3101", 0)
    commit(number)
    seen = set()
    for event in events.events(limit=1_000):
        if event["operation"].startswith("planning."):
            assert audit.verify(event["id"]).holds, event["operation"]
            seen.add(event["operation"])
    assert seen == {
        "planning.publish_deadlines", "planning.draft_round", "planning.override_share", "planning.review_round",
        "planning.commit_round",
    }  # fmt: skip


def test_a_correction_of_a_count_changes_the_need_of_its_regency_alone(counts, tmp_path):
    before = queries.needs(APRIL_4)
    load_rows(tmp_path, "more.csv", [count("1871", 4_321, kind="observed", metric="prr_unprinted")])
    after = queries.needs(APRIL_4)
    assert {code for code in after if after[code] != before[code]} == {"1871"}
    assert (after["1871"].need_source, after["1871"].need) == ("reported", 4_321)


def print_cards(box, blanks, *, office, at):
    """Blanks of an office's opened box become cards, as issuance does it."""
    with acting(principal="svc.issuance"):
        custody_moves.change(
            kind=moves.Kind.PERSONALISATION,
            after=moves.Condition.PERSONALISED,
            lines=[moves.Line(box.series, box.number, 1, blanks)],
            office=office,
            key=moves.Key("test/print", 1),
            by="svc.issuance",
            at=at,
        )


def test_blanks_that_were_printed_count_as_need_and_as_holding_and_shrink_a_stated_count(stock, counts):
    (sent,) = [d for d in commit(draft(release=18_000)) if d.regency == "1101"]
    with acting(principal="svc.custody"):
        custody_moves.receive(movement="planning/1:1101", by="operator.1101", at=AT)
        box = sent.boxes[0].box
        custody_moves.open_box(
            series=box.series,
            box_no=box.number,
            office="1101",
            key=moves.Key("test/open", 1),
            by="operator.1101",
            at=AT,
        )
    before = {area.code: area for area in queries.areas(APRIL_4)}["1101"]
    print_cards(box, 120, office="1101", at=AT)
    after = {area.code: area for area in queries.areas(APRIL_4)}["1101"]
    assert (before.need.need, before.need.earlier, before.in_hand) == (1_000, 0, sent.blanks)
    assert (after.need.need, after.need.printed_since, after.need.earlier) == (880, 120, 120)
    assert after.in_hand == sent.blanks - 120
    # Need and holdings moved together: printing earns nothing and costs nothing.
    assert after.need.need + after.need.earlier == before.need.need
    # On the day before nothing had been printed yet.
    assert queries.needs(date(2017, 4, 3))["1101"].earlier == 0
