"""What was refused, in the reader's language: shared by the doors that speak it."""

from __future__ import annotations

from django.utils.translation import gettext

from blanko.kernel.errors import BlankoError, filled


def in_readers_words(error: BlankoError) -> tuple[str, str]:
    """What was refused and what mends it, in the active language.

    A message of the database has its numbers in it already, so that it cannot be translated: what its kind of error
    means is said, and the message beside it.
    """
    values = {
        name: in_readers_words(value)[0] if isinstance(value, BlankoError) else value
        for name, value in error.values.items()
    }
    says = filled(gettext(error.message), values)
    means = (type(error).__doc__ or "").partition("\n")[0]
    if not values and says == error.message and means and (translated := gettext(means)) != means:
        says = f"{translated} ({says})"
    return says, filled(gettext(error.mend_message), values) if error.mend_message else ""
