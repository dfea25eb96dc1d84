"""What stands around the rule in real rounds: classes, lots, claims, collection, routes, a reserve and loans."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_data import APRIL_4, AT, count, load_rows

from blanko.cards.custody import operations as custody
from blanko.cards.custody.rules import Key, Line
from blanko.decisions.planning import dividing, dossier, models, offices, operations, papers, queries, rules, sharing
from blanko.engines.allocation import RULE_VERSION, AreaNeed, allocate
from blanko.engines.allocation.errors import InvalidTerms
from blanko.engines.allocation.policies import rule_of
from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit

from .test_rounds import PLANNER, by_regency, commit, draft
from .test_sharing import TERMS, area, shares

MAY_4 = date(2017, 5, 4)
RULE = rule_of(RULE_VERSION)


def defer(regency, blanks, reason="no ink until June"):
    with acting(principal=PLANNER):
        one = {"regency": regency, "blanks": blanks, "reason": reason, "since": APRIL_4}
        return offices.defer(deferrals=[one], by=PLANNER, at=AT)


def collect(regency, letter="090/12/2017", on=date(2017, 4, 6)):
    with acting(principal=PLANNER):
        one = {"regency": regency, "letter": letter, "officer": "Sri Wahyuni", "collect_on": on}
        return offices.announce_collections(collections=[one], by=PLANNER, at=AT)


# Pure: the same words explain every rule.


@given(
    needs=st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 6_000)), min_size=1, max_size=12),
    stock=st.integers(0, 20_000), part=st.integers(0, 700), parts=st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_without_terms_a_round_is_the_published_rule_and_names_the_same_loser(needs, stock, part, parts):
    areas = [area(f"11{n:02d}", need, in_hand=held) for n, (need, held) in enumerate(needs)]
    terms = replace(TERMS, part_boxes=parts, part_reserve=part if parts else 0)
    mine = dividing.divided(areas, terms, RULE, stock=stock)
    published = allocate(
        [AreaNeed(a.code, a.need.need, in_hand=a.in_hand) for a in areas], stock=stock, box_size=500, part_boxes=parts,
        part_reserve=terms.part_reserve,
    )  # fmt: skip
    for one in published.shares:
        got = mine[one.code]
        assert (got.share, got.remaining, got.binding) == (one.share, one.remaining, one.binding)
        assert (got.fill_before, got.fill_after) == (one.fill_before, one.fill_after)
        if not parts:
            assert got.would_lose == one.would_lose


def test_people_of_the_first_class_are_served_everywhere_before_anybody_else():
    areas = [area("1101", 4_000, first={"suket_holders": 1_000}), area("1871", 2_000, first={"suket_holders": 2_000})]
    terms = replace(TERMS, as_of=MAY_4, release=3_000, classes=("suket_holders",))
    made = sharing.draft(areas, terms)
    assert shares(made) == {"1101": 1_000, "1871": 2_000}
    assert {row["regency"]: row["binding"] for row in made.shares} == {"1101": "class", "1871": "need_met"}
    assert shares(sharing.draft(areas, replace(terms, classes=()))) == {"1101": 2_000, "1871": 1_000}
    assert dossier.rerun(made.document).same


def test_no_class_goes_first_before_its_decision():
    with pytest.raises(InvalidTerms, match="suket_holders"):
        sharing.draft([area("1101", 4_000)], replace(TERMS, classes=("suket_holders",)))


def test_a_share_below_the_smallest_lot_goes_to_the_others_and_says_so():
    areas = [area("1101", 4_000), area("1102", 4_000), area("1103", 4_000)]
    terms = replace(TERMS, release=3_000, lot_min=1_500)
    made = sharing.draft(areas, terms)
    assert sorted(shares(made).values()) == [0, 1_500, 1_500]
    assert [row["binding"] for row in made.shares if not row["share"]] == ["lot"]
    assert dossier.rerun(made.document).same


def test_what_is_put_off_goes_to_the_others_at_once():
    areas = [area("1101", 4_000, wish=1_000, wish_no=1), area("1102", 4_000)]
    made = sharing.draft(areas, replace(TERMS, release=4_000))
    assert shares(made) == {"1101": 1_000, "1102": 3_000}
    first = made.shares[0]
    assert (first["binding"], first["deferred"], first["claim_left"], first["claim_left_since"]) == (
        "deferred", 1_000, 1_000, APRIL_4,
    )  # fmt: skip
    later = sharing.draft(
        [area("1101", 4_000, in_hand=1_000, claim=1_000, claim_since=APRIL_4), area("1102", 4_000, in_hand=3_000)],
        replace(TERMS, release=1_000),
    )
    assert (later.shares[0]["claimed"], later.shares[0]["claim_left"]) == (1_000, 0)
    assert dossier.rerun(made.document).same and dossier.rerun(later.document).same


def test_loans_stay_inside_a_province_and_lend_only_what_lies_there():
    areas = [
        area("1801", 9_000, in_hand=6_000), area("1802", 9_000), area("1803", 9_000, in_transit=6_000),
        area("1901", 9_000),
    ]  # fmt: skip
    made = sharing.draft(areas, replace(TERMS, release=500, lending=True))
    assert made.loans
    assert {(loan["lender"], loan["borrower"]) for loan in made.loans} == {("1801", "1802")}
    assert sum(loan["blanks"] for loan in made.loans) % 500 == 0
    assert shares(made) == shares(sharing.draft(areas, replace(TERMS, release=500)))
    assert dossier.rerun(made.document).same


@given(
    needs=st.lists(
        st.tuples(
            st.integers(0, 9_000), st.integers(0, 5_000), st.integers(0, 2_000), st.integers(0, 2_000),
            st.integers(0, 3_000), st.booleans(),
        ),
        min_size=1, max_size=8,
    ),
    release=st.integers(1, 9_000), staged=st.booleans(), lot=st.integers(0, 1_500), classed=st.booleans(),
    rule=st.sampled_from(["leximin-fill/1", "proportional/1", "days-of-cover/1"]), parts=st.booleans(),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_a_round_with_any_terms_keeps_its_bounds_and_is_computed_again_to_the_byte(
    needs, release, staged, lot, classed, rule, parts
):
    areas = [
        area(
            f"11{n:02d}", need, in_hand=held, claim=claim, claim_since=date(2017, 4, 1) if claim else None, wish=wish,
            wish_no=n + 1 if wish else None, first={"vulnerable": first} if classed else {},
            deadline=date(2017, 4, 19) if n == 0 or inside else None, lot_cost=250_000, blank_cost=20,
        )
        for n, (need, held, claim, wish, first, inside) in enumerate(needs)
    ]  # fmt: skip
    terms = replace(
        TERMS, release=release, part_boxes=parts, lot_min=lot, classes=("vulnerable",) if classed else (), lending=True,
        deadline=date(2017, 4, 19) if staged else None, reserve=100, reserve_for="floods", rule_version=rule,
    )  # fmt: skip
    made = sharing.draft(areas, terms)
    assert sum(shares(made).values()) <= release
    for row in made.shares:
        assert 0 <= row["claimed"] <= row["share"] <= row["remaining"]
        most = row["wish"] + lot if row["wish"] else 0
        assert row["claim_left"] <= row["claim"] + most
        assert row["deferred"] <= most
        assert row["transport_cost"] == (250_000 + 20 * row["share"] if row["share"] else 0)
    again = dossier.rerun(made.document)
    assert again.same and again.computed_sha256 == made.document_sha256


# With the database: each is reached from facts, and a round says why.


@pytest.mark.django_db
def test_a_deferral_is_a_fact_that_one_round_answers_and_the_next_one_serves(stock, counts):
    assert by_regency(draft(release=15_000))["1101"]["share"] == 500
    assert defer("1101", 300) == 1
    first = draft(release=15_000)
    row = by_regency(first)["1101"]
    assert (row["wish"], row["wish_no"], row["deferred"], row["claim_left"]) == (300, 1, 300, 300)
    assert (row["binding"], row["share"]) == ("deferred", 200)
    assert queries.round(first)["shared"] == 15_000
    commit(first)
    later = by_regency(draft(release=1_500))["1101"]
    assert (later["claim"], later["claim_since"], later["wish"]) == (300, APRIL_4, 0)
    # It stands no longer among the lowest: the claim alone brings it this.
    assert (later["claimed"], later["share"], later["claim_left"]) == (300, 300, 0)
    assert audit.verify(models.Deferral.objects.get().event_id).holds


@pytest.mark.django_db
def test_a_claim_stands_until_a_round_serves_it(stock, counts, deadlines):
    defer("1101", 500)
    # A wish waits for a share that something can be put off of.
    defer("9171", 500)
    commit(draft(release=15_000))
    assert {a.code: a.wish for a in queries.areas(APRIL_4) if a.wish} == {"9171": 500}
    open_ = {a.code: a.claim for a in queries.areas(APRIL_4)}["1101"]
    assert open_ == 500
    # A stage for others leaves it as it is.
    commit(draft(release=1_000, deadline=date(2017, 4, 19)))
    assert {a.code: a.claim for a in queries.areas(APRIL_4)}["1101"] == open_
    commit(draft(release=4_000))
    assert {a.code: a.claim for a in queries.areas(APRIL_4)}["1101"] == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "refusal"),
    [({"blanks": 0}, offices.DeferralRefused), ({"blanks": -5}, offices.DeferralRefused),
     ({"reason": " "}, offices.DeferralRefused)],
)  # fmt: skip
def test_a_deferral_needs_blanks_and_a_reason(change, refusal):
    with pytest.raises(refusal):
        defer(**{"regency": "3276", "blanks": 1_000, **change})
    assert not queries.deferrals()


@pytest.mark.django_db
def test_an_office_fetches_its_lot_by_one_letter_once(stock, counts):
    collect("1101")
    number = draft(release=18_000)
    row, by_courier = by_regency(number)["1101"], by_regency(number)["1102"]
    assert (row["mode"], row["letter"], row["dispatch_by"]) == ("collection", "090/12/2017", date(2017, 4, 6))
    assert row["transport_days"] < by_courier["transport_days"]
    assert by_courier["mode"] == "courier"
    commit(number)
    (sent,) = queries.dispatches(round_no=number, regency="1101")
    assert (sent.mode, sent.letter, sent.carrier) == ("collection", "090/12/2017", "Sri Wahyuni")
    assert sent.transport_cost == row["transport_cost"] > 0
    assert "Sri Wahyuni" in str(papers.surat_jalan_data(sent)["courier"])
    assert queries.collections()[0]["used"]
    assert by_regency(draft(release=1_000))["1101"]["mode"] == "courier"
    with pytest.raises(offices.CollectionRefused, match="known already"):
        collect("1102")


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"letter": " "}, {"on": APRIL_4 - timedelta(days=1)}])
def test_a_collection_needs_a_letter_and_a_day_to_come(change):
    with pytest.raises(offices.CollectionRefused):
        collect(**{"regency": "1101", **change})


@pytest.mark.django_db
def test_a_stated_route_goes_before_the_estimate_from_its_day_on(stock, counts):
    before = by_regency(draft())["1101"]
    way = {"regency": "1101", "mode": "courier", "from_date": date(2017, 4, 5), "days": 9, "lot_cost": 700_000,
           "blank_cost": 0, "source": "tariff of the post, 2017"}  # fmt: skip
    with acting(principal=PLANNER):
        assert offices.state_routes(routes=[way], by=PLANNER, at=AT) == 1
        with pytest.raises(offices.RouteRefused, match="stated already"):
            offices.state_routes(routes=[way], by=PLANNER, at=AT)
    assert by_regency(draft())["1101"]["transport_days"] == before["transport_days"]
    after = by_regency(draft(as_of=date(2017, 4, 5)))["1101"]
    assert after["transport_days"] == 9
    assert after["transport_cost"] == (700_000 if after["share"] else 0)
    found = queries.route_table(date(2017, 4, 5))
    assert (found[("1101", "courier")].kind, found[("1102", "courier")].kind) == ("stated", "estimated")


@pytest.mark.django_db
def test_a_reserve_stays_at_the_centre_for_its_purpose(stock, counts):
    with pytest.raises(rules.ReserveWithoutPurpose):
        draft(release=1_000, reserve=5_000)
    with pytest.raises(rules.ReleaseExceedsStock, match="5000 of them reserved"):
        draft(release=16_000, reserve=5_000, reserve_for="floods in May")
    number = draft(release=15_000, reserve=5_000, reserve_for="floods in May")
    assert queries.round(number)["reserve_for"] == "floods in May"
    with acting(principal="gudang.pusat"):
        line = Line("PB17", 40, 1, 500)
        custody.dispatch(
            from_office="00",
            to_office="1101",
            consignment=[line],
            key=Key("test/move", 1),
            by="gudang.pusat",
            at=AT,
        )
    with pytest.raises(rules.ReleaseExceedsStock):
        commit(number)


@pytest.mark.django_db
def test_stated_counts_of_a_class_reach_a_round_that_serves_it_first(stock, counts, tmp_path):
    rows = [count("3276", 3_000, metric="priority_suket_holders", kind="observed", day=APRIL_4)]
    load_rows(tmp_path, "first.csv", rows)
    number = draft(as_of=MAY_4, release=3_000, classes=["suket_holders"])
    row = by_regency(number)["3276"]
    assert (row["first"], row["share"], row["binding"]) == ({"suket_holders": 3_000}, 3_000, "class")
    assert queries.round(number)["classes"] == ["suket_holders"]
    assert by_regency(draft(as_of=MAY_4, release=3_000))["3276"]["first"] == {}
    assert dossier.rerun(queries.round_document(number)).same


@pytest.mark.django_db
def test_loans_that_a_round_proposes_are_stored_sealed_and_move_nothing(stock, counts):
    number = draft(release=18_000)
    commit(number)
    # All of it lies at the offices now, and one of them got nothing.
    with acting(principal="svc.custody"):
        for dispatch in queries.dispatches(round_no=number):
            custody.receive(movement=f"planning/{number}:{dispatch.regency}", by=f"operator.{dispatch.regency}", at=AT)
    before = {a.code: a.in_hand for a in queries.areas(APRIL_4)}
    found = queries.round(draft(release=500))
    assert {a.code: a.in_hand for a in queries.areas(APRIL_4)} == before
    for loan in found["loans"]:
        assert loan["lender"][:2] == loan["borrower"][:2] and loan["lender"] != loan["borrower"]
        assert loan["blanks"] <= before[loan["lender"]]
    assert found["lent"] == sum(loan["blanks"] for loan in found["loans"])
    assert queries.round(draft(release=500, lending=False))["loans"] == []
    assert dossier.rerun(queries.round_document(found["number"])).same
    assert audit.verify(models.Round.objects.get(number=found["number"]).event_id).holds


@pytest.mark.django_db
def test_an_override_and_a_commit_go_by_the_terms(stock, counts):
    number = draft(release=10_000, lot_min=500)
    assert all(row["share"] == 0 or row["share"] >= 500 for row in by_regency(number).values())
    assert {row["binding"] for row in by_regency(number).values()} <= {"stock", "lot"}
    assert operations.commit_round and sum(d.blanks for d in commit(number)) == queries.round(number)["shared"]
