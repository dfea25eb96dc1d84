"""What supply and equipment can register, the command line and the API can both register."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from blanko.doors.api import equipment as api_equipment
from blanko.doors.api import supply_writes
from blanko.doors.cli import equipment as cli_equipment
from blanko.doors.cli import procurement, procurement_writes
from blanko.records.equipment import operations as equipment
from blanko.records.procurement import importing
from blanko.records.procurement import operations as supply


def public(module):
    own = [(name, item) for name, item in vars(module).items() if inspect.isfunction(item)]
    return {name for name, item in own if item.__module__ == module.__name__ and not name.startswith("_")}


def text_of(*modules):
    return "".join(Path(module.__file__).read_text(encoding="utf-8") for module in modules)


@pytest.mark.parametrize("operation", sorted(public(supply)))
def test_every_operation_of_supply_is_in_both_doors(operation):
    for modules in ((procurement, procurement_writes), (supply_writes,)):
        assert f"operations.{operation}(" in text_of(*modules), modules


@pytest.mark.parametrize("operation", sorted(public(equipment)))
def test_every_operation_of_equipment_is_in_both_doors(operation):
    for module in (cli_equipment, api_equipment):
        assert f"operations.{operation}" in text_of(module), module


def test_an_addendum_comes_in_by_both_doors():
    for modules in ((procurement, procurement_writes), (supply_writes,)):
        assert "amending.amend_contract(" in text_of(*modules), modules


def test_a_portals_list_comes_in_by_both_doors():
    assert callable(importing.import_notices)
    for module in (procurement, supply_writes):
        assert "importing.import_notices(" in text_of(module), module


def test_every_verb_that_writes_answers_as_json():
    parser = procurement._parser()
    verbs = next(action for action in parser._actions if hasattr(action, "choices") and action.choices)
    for name, verb in verbs.choices.items():
        assert "--json" in verb.format_usage(), name
