"""Stored codes in the reader's words. A code without a word is shown as it is; tests hold the lists complete."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def file_kind(code: str) -> str:
    """A kind of file."""
    return file_kinds().get(code, code)


def file_kinds() -> dict[str, str]:
    return {
        "registrations": _("registrations"),
        "applications": _("applications"),
        "deaths": _("deaths"),
        "stock": _("stock counts"),
        "counts": _("published counts"),
        "printers": _("printers"),
        "printing": _("what offices print with"),
        "biometrics": _("results of fingerprints and irises"),
    }


def warnings() -> dict[str, str]:
    """Why a row was kept with a warning."""
    return {
        "nik_missing": _("the record has no NIK"),
        "nik_contradicts_birth_date": _("the NIK's digits say another birth date"),
        "nik_contradicts_sex": _("the NIK's digits say another sex"),
        "nik_repeated": _("another row of the file has the same NIK"),
        "under_17": _("under 17 and never married: owed a card on the 17th birthday"),
        "birth_date_missing": _("the record has no birth date"),
        "birth_date_in_future": _("the birth date lies in the future"),
        "sex_missing": _("the record has no sex"),
        "name_missing": _("the record has no name"),
        "district_unknown": _("the district is not known today; the row is placed by its regency"),
        "village_unknown": _("the village is not known today; the row is placed by its district"),
        "recorded_in_future": _("the day of recording lies in the future"),
    }


@register.filter
def operation(code: str) -> str:
    """An operation of the audit log."""
    return operations().get(code, code)


def operations() -> dict[str, str]:
    return {
        "scenario.begin": _("replay begun"),
        "alerts.find": _("alerts found"),
        "alerts.over": _("alerts over"),
        "alerts.acknowledge": _("alert explained"),
        "places.load": _("areas and offices loaded"),
        "intake.load": _("file taken in"),
        "intake.load_part": _("rows of a file stored"),
        "registry.take_in": _("persons brought up to date"),
        "registry.take_biometrics": _("biometric results taken in"),
        "registry.take_in_deaths": _("deaths taken in"),
        "registry.change_statuses": _("statuses changed"),
        "registry.report_death": _("death reported"),
        "registry.lift_death": _("report of a death lifted"),
        "registry.restate_death": _("report of a death stands again"),
        "registry.match_deaths": _("papers about deaths matched by name"),
        "registry.answer_death": _("said whom a paper about a death means"),
        "registry.withdraw": _("record entered by mistake withdrawn"),
        "registry.restore": _("withdrawn record restored"),
        "registry.regroup": _("records moved between persons"),
        "registry.judge": _("pairs of records judged"),
        "registry.close": _("records closed into quarantine"),
        "registry.reopen": _("closed records opened again"),
        "registry.adopt_model": _("linkage model adopted"),
        "registry.add_keys": _("records keyed for linkage"),
        "registry.link": _("records compared with all others"),
        "registry.link_failed": _("linkage failed; records wait"),
        "registry.capture": _("registration captured at a counter"),
        "cases.open": _("cases opened"),
        "cases.ask": _("person asked"),
        "cases.propose": _("case decided, to be signed"),
        "cases.settle": _("cases settled"),
        "cases.refuse": _("signature refused"),
        "cases.undo": _("settlement taken back"),
        "cases.death_object": _("objection to a death kept"),
        "cases.death_uphold": _("objection to a death upheld"),
        "cases.death_reject": _("objection to a death rejected"),
        "cases.death_undo": _("decision on an objection taken back"),
        "cases.death_withdraw": _("objection to a death withdrawn"),
        "cases.death_notice": _("family told of a suspended card"),
        "cases.sample": _("pairs drawn for an audit"),
        "registry.confirm_nik": _("NIK confirmed by an officer"),
        "registry.withdraw_nik": _("confirmation of a NIK withdrawn"),
        "registry.declare_whole": _("regency declared whole"),
        "registry.withdraw_whole": _("declaration withdrawn"),
        "entitlement.refresh": _("cards owed brought up to date"),
        "procurement.register_tender": _("tender registered"),
        "procurement.sign_contract": _("contract signed"),
        "procurement.amend_contract": _("contract changed by an addendum"),
        "procurement.schedule_deliveries": _("deliveries scheduled"),
        "procurement.announce_lot": _("lot announced"),
        "procurement.advance_lot": _("lot reached a stage"),
        "procurement.accept_lot": _("lot accepted"),
        "procurement.pay": _("accepted blanks paid"),
        "procurement.agree_prices": _("price breaks agreed"),
        "procurement.register_service": _("service contract registered"),
        "procurement.register_material": _("parts of a card registered"),
        "procurement.import_notices": _("list of a procurement portal loaded"),
        "custody.receive_lot": _("lot taken into the warehouse"),
        "custody.load_manifest": _("manifest of a lot loaded"),
        "custody.dispatch": _("blanks sent"),
        "custody.loan": _("blanks lent"),
        "custody.transfer": _("printed cards sent on"),
        "custody.receive": _("blanks received"),
        "custody.receive_found": _("blanks received with discrepancies"),
        "custody.discrepancy_handed_on": _("discrepancy handed on"),
        "custody.discrepancy_resolved": _("discrepancy resolved"),
        "custody.quarantine": _("blanks quarantined"),
        "custody.release": _("blanks released from quarantine"),
        "custody.shortage": _("blanks short on receipt"),
        "custody.correction": _("mistake corrected"),
        "custody.return": _("blanks sent back"),
        "custody.void": _("movement cancelled"),
        "custody.opening": _("box opened"),
        "custody.personalisation": _("blanks printed"),
        "custody.spoilage": _("blanks spoiled"),
        "custody.issuance": _("blanks handed over"),
        "custody.loss": _("blanks reported missing"),
        "custody.finding": _("blanks found again"),
        "custody.destruction": _("blanks destroyed"),
        "counting.reconcile": _("journal, boxes and balances compared"),
        "counting.begin": _("count begun"),
        "counting.hand_in": _("count handed in"),
        "counting.decide": _("count decided"),
        "counting.abandon": _("count abandoned"),
        "counting.sample": _("boxes drawn for a sample"),
        "counting.sample_result": _("results of a sample taken"),
        "destruction.register_old_card": _("old card registered"),
        "destruction.assemble": _("blanks laid aside for destruction"),
        "destruction.witness": _("witness of a destruction named"),
        "destruction.photograph": _("photograph of a destruction kept"),
        "destruction.destroy": _("batch destroyed"),
        "destruction.cancel": _("destruction cancelled"),
        "destruction.hold": _("destruction forbidden"),
        "destruction.lift": _("hold on a destruction lifted"),
        "suket.issue": _("sukets issued"),
        "suket.renew": _("suket renewed"),
        "suket.void": _("suket voided"),
        "suket.end_by_cards": _("sukets ended by their cards"),
        "suket.take_from_files": _("numbers of sukets taken from files"),
        "issuance.print": _("cards printed"),
        "issuance.send": _("blanks put into a printer"),
        "issuance.finish": _("print job done"),
        "issuance.fail": _("print job failed"),
        "issuance.spoiled": _("cards spoiled"),
        "issuance.lost": _("cards reported lost"),
        "issuance.shipped": _("printed cards sent to another office"),
        "issuance.arrived": _("printed cards arrived"),
        "issuance.give_back": _("old card given back"),
        "issuance.publish_rule": _("order of the queue published"),
        "issuance.publish_deadlines": _("deadlines taken into the queue"),
        "issuance.set_office": _("way of printing chosen by an office"),
        "issuance.issued": _("cards handed over"),
        "planning.publish_deadlines": _("deadlines published"),
        "planning.draft_round": _("round drafted"),
        "planning.review_round": _("round reviewed"),
        "planning.adopt_rule": _("rule put in force"),
        "planning.defer": _("shares put off"),
        "planning.announce_collections": _("collections announced"),
        "planning.state_routes": _("routes stated"),
        "planning.object_to_round": _("objection to a round"),
        "planning.overrule_rate": _("rate of demand overruled"),
        "planning.override_share": _("share changed by hand"),
        "planning.commit_round": _("round committed"),
        "planning.discard_round": _("round discarded"),
        "transparency.publish": _("figures published"),
    }


def record_statuses() -> dict[str, str]:
    """The statuses of a record."""
    return {
        "UNREGISTERED": _("not recorded"),
        "BIO_CAPTURED": _("captured"),
        "PROCESSING": _("being processed"),
        "SENT_FOR_ENROLLMENT": _("sent to be found unique"),
        "RECEIVED_AT_CENTRAL": _("received, waits to be found unique"),
        "ENROLL_FAILURE_AT_CENTRAL": _("failed at the centre"),
        "ENROLL_FAILURE_AT_REGIONAL": _("failed at the office"),
        "SEARCH_FAILURE_AT_CENTRAL": _("search failed at the centre"),
        "ADJUDICATE_RECORD": _("to be decided by a person"),
        "DUPLICATE_RECORD": _("recorded twice"),
        "PRINT_READY_RECORD": _("print-ready"),
        "SENT_FOR_CARD_PRINTING": _("sent to be printed"),
        "CARD_PRINTED": _("card printed"),
        "CARD_SHIPPED": _("card on its way"),
        "CARD_ISSUED": _("card handed over"),
    }


def marital() -> dict[str, str]:
    """Marital statuses."""
    return {
        "BELUM KAWIN": _("never married"),
        "KAWIN": _("married"),
        "CERAI HIDUP": _("divorced"),
        "CERAI MATI": _("widowed"),
    }


@register.filter
def figure(code: str) -> str:
    """The name of a published figure."""
    return figures().get(code, code.replace("_", " "))


def figures() -> dict[str, str]:
    return {
        "recorded_share": _("share recorded"),
        "recorded_pct": _("share recorded"),
        "recorded": _("recorded"),
        "not_recorded": _("not recorded"),
        "obliged": _("obliged to hold a card"),
        "obliged_abroad": _("obliged, abroad"),
        "obliged_domestic": _("obliged, in the country"),
        "population": _("population"),
        "awaiting_uniqueness": _("awaiting the check of uniqueness"),
        "unique": _("found unique"),
        "duplicate_records": _("duplicate records"),
        "duplicate_or_failed": _("duplicate or failed"),
        "prr_unprinted": _("print-ready, not printed"),
        "print_ready": _("print-ready"),
        "print_ready_share": _("share print-ready"),
        "printed_uncollected": _("printed and not collected"),
        "holds_card": _("hold a card"),
        "recorded_without_card": _("recorded without a card"),
        "suket_holders": _("hold a suket"),
        "suket_issued": _("sukets issued"),
        "cards_printed": _("cards printed"),
        "cards_out_of_turn": _("cards printed before others"),
        "suket_open": _("sukets that are out"),
        "blanks_contracted": _("blanks contracted"),
        "blanks_needed": _("blanks needed"),
        "blanks_needed_2017_2018": _("blanks needed in 2017 and 2018"),
        "blanks_requested": _("blanks requested"),
        "blanks_allocated": _("blanks allocated"),
        "blanks_first_allocation": _("first allocation of blanks"),
        "blanks_granted": _("blanks granted"),
        "blanks_received": _("blanks received"),
        "blanks_received_ytd": _("blanks received this year"),
        "blanks_distributed": _("blanks distributed"),
        "blanks_distributed_per_week": _("blanks distributed a week"),
        "blanks_produced": _("blanks produced"),
        "blanks_produced_ytd": _("blanks produced this year"),
        "blanks_available": _("blanks available"),
        "blanks_budgeted": _("blanks budgeted"),
        "blanks_shortage": _("blanks short"),
        "blanks_stock": _("blanks in stock"),
        "blanks_stock_central": _("blanks in the central warehouse"),
        "printers": _("printers"),
        "recordings_per_day": _("recordings a day"),
        "recording_capacity_per_day": _("recording capacity a day"),
        "tender_award_idr": _("tender: award"),
        "tender_bidders": _("tender: bidders"),
        "tender_budget_ceiling_idr": _("tender: budget ceiling"),
        "tender_owner_estimate_idr": _("tender: owner's estimate"),
    }
