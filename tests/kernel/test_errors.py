"""A refusal is a sentence whose values are kept apart from it, so that it can be said in another language."""

from __future__ import annotations

import pytest

from blanko.kernel.errors import BlankoError, InvalidValue


class StoreClosed(BlankoError):
    """A store that answers nobody."""


def test_template_and_values_are_kept_beside_the_sentence():
    error = StoreClosed("store {name} is closed", mend="come after {hour}", name="A", hour=8)
    assert (str(error), error.mend) == ("store A is closed", "come after 8")
    assert (error.message, error.mend_message) == ("store {name} is closed", "come after {hour}")
    assert error.values == {"name": "A", "hour": 8}


def test_a_refusal_without_words_is_named_by_its_code():
    assert str(StoreClosed()) == "store closed"
    assert StoreClosed().mend == ""


@pytest.mark.parametrize("value", ["{name}", "{hour}", "{0}", "{", "%s", "%(name)s", "{name.__class__}"])
def test_a_value_is_put_in_as_it_is(value):
    assert str(InvalidValue("{name} is no store", name=value, hour=8)) == f"{value} is no store"


@pytest.mark.parametrize("message", ["a { brace", "{0} and {}", "{name.__class__} {name!r}", "{hour}"])
def test_a_field_without_value_stays_visible(message):
    assert str(InvalidValue(message)) == message
    assert str(InvalidValue(message, name="A")) == message
