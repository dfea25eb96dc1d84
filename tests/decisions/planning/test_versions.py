"""A round is a version with an author and a reviewer, under the rule of its day; what was published never changes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from django.db import Error
from django.db.transaction import atomic
from planning_data import APRIL_4, AT, count, load_rows

from blanko.decisions.planning import dossier, models, operations, queries, rulebook, rules
from blanko.decisions.planning.asked import TERMS
from blanko.decisions.planning.sharing import document_of
from blanko.engines.allocation import RULE_VERSION, OverrideRefused
from blanko.engines.allocation.errors import NoRuleThen, UnknownPolicy
from blanko.ground.access.acting import acting
from blanko.ground.audit import operations as audit

from .test_rounds import PLANNER, SECOND, by_regency, commit, draft, override, review

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", ["plain.json", "stage.json"])
def test_a_round_published_before_terms_were_known_is_still_computed_to_the_byte(name):
    assert dossier.rerun((DATA / name).read_bytes()).same


@pytest.mark.django_db
class TestReview:
    def test_a_version_names_its_author_and_its_reviewer(self, stock, counts):
        number = draft()
        assert queries.summary(number)["author"] == PLANNER
        assert queries.summary(number)["reviewer"] is None
        review(number, remark="needs compared with the press")
        found = queries.summary(number)
        assert (found["state"], found["reviewer"], found["remark"]) == (
            "reviewed", SECOND, "needs compared with the press",
        )  # fmt: skip
        (step,) = models.RoundStep.objects.filter(step="reviewed")
        assert audit.verify(step.event_id).holds

    @pytest.mark.parametrize(("officer", "says"), [(PLANNER, "drafted this version"), ("svc.planning", "no person")])
    def test_neither_its_author_nor_a_service_reviews_a_version(self, stock, counts, officer, says):
        number = draft()
        with pytest.raises(rules.ReviewRefused, match=says):
            review(number, by=officer)
        assert queries.summary(number)["state"] == "draft"

    def test_nothing_leaves_by_a_version_that_nobody_reviewed_or_that_was_returned(self, stock, counts):
        number = draft()
        with pytest.raises(rules.RoundNotReviewed), acting(principal=PLANNER):
            operations.commit_round(round_no=number, by=PLANNER, at=AT)
        with pytest.raises(rules.ReviewRefused, match="without a remark"):
            review(number, approve=False)
        review(number, approve=False, remark="Depok's count is of March")
        with pytest.raises(rules.RoundNotReviewed):
            commit(number)
        assert not queries.dispatches(round_no=number)

    def test_what_was_reviewed_is_what_leaves(self, stock, counts):
        number = draft()
        review(number)
        with pytest.raises(rules.RoundReviewed, match=f"reviewed by {SECOND}"):
            override(number, "1101", 0)
        with pytest.raises(rules.RoundReviewed):
            review(number, by="gudang.pusat")

    def test_the_database_itself_keeps_author_and_reviewer_apart(self, stock, counts):
        number = draft()
        event = models.Round.objects.get(number=number).event_id
        step = {"round_no": number, "at": AT, "event_id": event, "reason": ""}
        for row, name in (
            ({"step": "reviewed", "by": PLANNER, "author": PLANNER}, "planning_round_reviewed_by_another"),
            ({"step": "reviewed", "by": SECOND, "author": None}, "planning_round_reviewed_by_another"),
            ({"step": "committed", "by": SECOND, "author": None}, "planning_commit_needs_review"),
        ):
            with pytest.raises(Error, match=name), atomic():
                models.RoundStep.objects.create(**step, **row)
        # Naming somebody else as the author opens no way round.
        with pytest.raises(Error, match="planning_round_step_names_author"), atomic():
            models.RoundStep.objects.create(**step, step="reviewed", by=PLANNER, author=SECOND)
            from django.db import connection

            connection.check_constraints()


@pytest.mark.django_db
class TestVersions:
    def supersede(self, number, **rest):
        with acting(principal=PLANNER):
            return operations.supersede_round(
                **{"round_no": number, "reason": "Depok has counted anew", "by": PLANNER, "at": AT, **rest}
            )

    def test_a_new_version_supersedes_with_a_reason_and_the_old_one_stays_visible(self, stock, counts):
        first = draft(release=10_000, lot_min=500)
        before = queries.round_document(first)
        second = self.supersede(first, release=8_000)
        old, new = queries.round(first), queries.round(second)
        assert (old["state"], new["state"]) == ("superseded", "draft")
        assert (new["plan"], new["version"], new["supersedes"]) == (first, 2, first)
        assert (new["title"], new["lot_min"], new["release"]) == (old["title"], 500, 8_000)
        assert queries.round_document(first) == before and old["shared"] == 10_000
        assert [(row["number"], row["state"], row["supersede_reason"]) for row in new["versions"]] == [
            (first, "superseded", ""), (second, "draft", "Depok has counted anew"),
        ]  # fmt: skip
        with pytest.raises(rules.RoundClosed, match="superseded"):
            commit(first)
        assert sum(d.blanks for d in commit(second)) == 8_000
        told = json.loads(dossier.dossier(queries.round(second), queries.round_document(second)))
        assert (told["version"], told["supersedes"], told["supersede_reason"]) == (2, first, "Depok has counted anew")

    def test_a_version_says_what_it_changed_and_the_reasons_add_up(self, stock, counts, tmp_path):
        first = draft(release=10_000)
        assert queries.changed_from(first) is None
        # One that goes before others by its code, and now needs less than a box.
        load_rows(tmp_path, "anew.csv", [count("1101", 200, kind="observed", metric="prr_unprinted", day=APRIL_4)])
        found = queries.changed_from(self.supersede(first, release=9_500), shown=50)
        assert (found.shared_before, found.shared_after) == (10_000, 9_500)
        assert found.changed == len(found.changes) > 0
        for change in found.changes:
            assert change.by == change.by_terms + change.by_own + change.by_others != 0
        own = next(change for change in found.changes if change.regency == "1101")
        assert own.by_own < 0 and "its need went from 1,000 to 200" in own.sentence()

    def test_a_version_needs_a_reason_and_something_open_to_supersede(self, stock, counts):
        number = draft()
        with pytest.raises(rules.VersionNeedsReason):
            self.supersede(number, reason=" ")
        with pytest.raises(rules.VersionNeedsReason):
            draft(reason="without a round")
        with pytest.raises(rules.UnknownRound):
            self.supersede(99)
        commit(number)
        with pytest.raises(rules.RoundClosed, match="committed"):
            self.supersede(number)

    def test_a_version_is_superseded_once(self, stock, counts):
        number = draft()
        self.supersede(number)
        with pytest.raises(rules.RoundClosed):
            self.supersede(number)


@pytest.mark.django_db
class TestRules:
    def adopt(self, **rest):
        with acting(principal=PLANNER):
            return rulebook.adopt(
                **{"rule": "proportional/1", "from_date": date(2017, 5, 1), "reference": "Decision 7 of 20 April 2017",
                   "reason": "the ministry asked for it", "by": PLANNER, "second": SECOND, "at": AT, **rest}
            )  # fmt: skip

    def test_every_round_takes_the_rule_in_force_on_its_date_and_old_ones_replay_under_theirs(self, stock, counts):
        before = draft()
        published = dossier.dossier(queries.round(before), queries.round_document(before))
        self.adopt()
        again, later = draft(), draft(as_of=date(2017, 5, 1))
        assert queries.round_document(again) == queries.round_document(before)
        assert dossier.rerun(published).same
        old, new = queries.round(before), queries.round(later)
        assert (old["rule_version"], old["rule_from"]) == (RULE_VERSION, date(2017, 3, 1))
        assert (new["rule_version"], new["rule_reference"]) == ("proportional/1", "Decision 7 of 20 April 2017")
        assert dossier.rerun(queries.round_document(later)).rule_version == "proportional/1"
        assert dossier.rerun(queries.round_document(later)).same
        told = json.loads(dossier.dossier(new, queries.round_document(later)))
        assert told["rule"] == {
            "version": "proportional/1", "from": "2017-05-01", "reference": "Decision 7 of 20 April 2017"
        }  # fmt: skip

    def test_another_rule_gives_other_shares(self, stock, counts):
        self.adopt()
        by_fill, by_need = by_regency(draft(release=3_000)), by_regency(draft(release=3_000, as_of=date(2017, 5, 1)))
        # Depok needs five times as much: in proportion it gets a box at once, by fill everybody stands at zero.
        assert (by_fill["3276"]["share"], by_need["3276"]["share"]) == (0, 500)

    @pytest.mark.parametrize(
        ("change", "refusal"),
        [
            ({"from_date": APRIL_4}, rulebook.RuleActsBackwards),
            ({"rule": "equal-counts/1"}, rulebook.RuleNotForRounds),
            ({"rule": "dice/9"}, UnknownPolicy),
            ({"reference": " "}, rulebook.RuleNotForRounds),
            ({"second": PLANNER}, OverrideRefused),
            ({"second": "somebody"}, OverrideRefused),
        ],
    )
    def test_a_rule_comes_into_force_for_later_days_by_two_officers_on_a_reference(self, db, change, refusal):
        with pytest.raises(refusal):
            self.adopt(**change)
        assert rulebook.in_force(date(2018, 1, 1)).version == RULE_VERSION

    def test_one_rule_begins_on_a_day_and_none_before_the_campaign(self, db):
        self.adopt()
        with pytest.raises(rulebook.RuleAdoptedThen):
            self.adopt(rule="days-of-cover/1")
        assert [row["rule"] for row in rulebook.book()] == [RULE_VERSION, "proportional/1"]
        with pytest.raises(NoRuleThen):
            rulebook.in_force(date(2011, 1, 1))
        assert audit.verify(models.RuleAdoption.objects.get().event_id).holds


def test_the_document_leaves_out_what_a_round_did_not_use():
    plain = dict.fromkeys(TERMS)
    made = document_of(plain, inputs_sha256="", shares=[{"share": 1, "claim": 0, "mode": "courier"}], effects=[])
    assert json.loads(made)["shares"] == [{"share": 1}]
    assert "lot_min" not in json.loads(made)["terms"] and "loans" not in json.loads(made)
