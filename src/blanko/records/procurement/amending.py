"""Change a contract by an addendum: a new version from a day on, beside those that were. All of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from blanko.ground.audit.facts import Fact
from blanko.records.procurement import models, queries, rules, stock
from blanko.records.procurement.storing import delivery_rows, store


def amend_contract(
    *,
    contract_no: str,
    from_date: date,
    document: str,
    reason: str,
    by: str,
    at: datetime,
    quantity: int | None = None,
    unit_price_idr: int | None = None,
    ends_on: date | None = None,
    deliveries: Iterable[tuple[date, int]] | None = None,
    price_breaks: Iterable[tuple[int, int]] | None = None,
) -> int:
    """Add the version that an addendum (``document``) makes of a contract from ``from_date`` on; return its number.

    What is None stays as the version before has it; ``deliveries`` and ``price_breaks`` take the place of the earlier
    ones whole (an empty list of breaks ends them). The total follows from quantity and price. Lots that are announced
    keep their price. Raises UnknownContract, AmendmentWithoutDocument, AmendmentOutOfOrder (a day to come, or not after
    the version before), NotPositive, BadPriceBreaks, MoreThanContract (fewer blanks than are announced),
    DueOutsideContract, ScheduleOutsideAmendment.
    """
    before = queries.versions(contract_no)[-1]
    if not document.strip() or not reason.strip():
        raise rules.AmendmentWithoutDocument(
            "contract {contract_no} is changed without a document or a reason",
            mend="give the addendum's number and why it was made", contract_no=contract_no,
        )  # fmt: skip
    if from_date > timezone.localtime(at).date():
        raise rules.AmendmentOutOfOrder(
            "an addendum of {day} is to come", mend="register it when it is in force", day=from_date
        )
    if from_date <= before.from_date:
        raise rules.AmendmentOutOfOrder(
            "an addendum of {day} does not follow version {version} of {before}",
            mend="give a later day than that of the version before", day=from_date, version=before.version,
            before=before.from_date,
        )  # fmt: skip
    due = None if deliveries is None else list(deliveries)
    breaks = None if price_breaks is None else [stock.Break(*step) for step in price_breaks]
    rules.check_positive(quantity=quantity, unit_price_idr=unit_price_idr)
    terms: dict[str, Any] = {
        "quantity": before.quantity if quantity is None else quantity,
        "unit_price_idr": before.unit_price_idr if unit_price_idr is None else unit_price_idr,
        "ends_on": before.ends_on if ends_on is None else ends_on,
    }
    if due is None and breaks is None and all(terms[name] == getattr(before, name) for name in terms):
        raise rules.AmendmentWithoutDocument(
            "the addendum {document} changes nothing of contract {contract_no}", mend="say what it changes",
            document=document, contract_no=contract_no,
        )  # fmt: skip
    if due == []:
        raise rules.ContractWithoutSchedule(
            "contract {contract_no} has no schedule of deliveries", mend="schedule its deliveries first",
            contract_no=contract_no,
        )  # fmt: skip
    stock.check_breaks(
        before.price_breaks if breaks is None else breaks, list_price_idr=terms["unit_price_idr"]
    )  # fmt: skip
    version = before.version + 1
    row = {
        "contract_no": contract_no, "version": version, "from_date": from_date, "document": document.strip(),
        "reason": reason.strip(), **terms, "total_idr": terms["quantity"] * terms["unit_price_idr"],
        "new_schedule": due is not None, "new_prices": breaks is not None,
    }  # fmt: skip
    rows: list[tuple[type[Fact], dict[str, Any]]] = [(models.Amendment, row)]
    rows += [
        (models.PriceBreak, {"contract_no": contract_no, "version": version, **asdict(step)}) for step in breaks or ()
    ]
    rows += delivery_rows(contract_no, due or (), version=version)
    store("procurement.amend_contract", by, at, rows, contract=contract_no, version=version)
    return version
