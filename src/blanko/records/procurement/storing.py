"""How this room stores: rows of one event, and what the database refuses by the names of rules.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import Error
from django.db.transaction import atomic

from blanko.ground.audit import operations as audit
from blanko.ground.audit.facts import Fact
from blanko.ground.audit.merkle import Facts
from blanko.records.procurement import models, rules


@contextmanager
def _refusals_by_name() -> Iterator[None]:
    """What the database refuses reaches the caller as the error of rules.py that it stands for."""
    try:
        with atomic():
            yield
    except Error as error:
        found = getattr(error.__cause__, "diag", None)
        if found is None:
            raise
        known = rules.REFUSALS.get(found.sqlstate or "") or rules.CONSTRAINTS.get(found.constraint_name or "")
        if known is None:
            raise
        raise known(found.message_primary or "", mend=found.message_hint or found.message_detail or "") from error


def store(
    operation: str, by: str, at: datetime, rows: Sequence[tuple[type[Fact], dict[str, Any]]], **subject: Any
) -> None:
    """Write one event and its rows, in their order. Raises what rules.REFUSALS and rules.CONSTRAINTS name."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    for model, row in rows:
        by_table.setdefault(model._meta.db_table, []).append(row)
    with _refusals_by_name():
        event = audit.record(operation=operation, by=by, at=at, facts=Facts.of(by_table), subject=subject)
        for model, row in rows:
            model(event_id=event, **row).save(force_insert=True)


def delivery_rows(
    contract_no: str, deliveries: Iterable[tuple[date, int]], *, version: int
) -> list[tuple[type[Fact], dict[str, Any]]]:
    """Rows of planned deliveries (due day, blanks) of a version; their numbers run on over the versions."""
    rows: list[tuple[type[Fact], dict[str, Any]]] = []
    after = models.Delivery.objects.filter(contract_no=contract_no).count()
    for number, (due_on, quantity) in enumerate(deliveries, start=after + 1):
        rules.check_positive(quantity=quantity)
        row = {
            "contract_no": contract_no, "version": version, "delivery_no": number, "due_on": due_on,
            "quantity": quantity,
        }  # fmt: skip
        rows.append((models.Delivery, row))
    return rows
