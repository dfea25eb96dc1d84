"""Normalised names. Pure and vectorised."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# Written before a name, with or without a dot. Single letters other than H (haji) may be part of a name and
# stay.
TITLES = ("PROF", "DR", "DRS", "DRA", "DRG", "IR", "KH", "HJ", "H", "HAJI", "HAJAH", "HAJJAH")
_TITLES = r"^(?:(?:" + "|".join(TITLES) + r")(?:\.\s*|\s+))+"
# Degrees without a comma count only with their dots: SE, SH and ST are also syllables of names.
_DEGREES = r"(?:\s+[A-Z]{1,2}\.\s?[A-Z]{1,4}(?:\.[A-Z]{1,4})*\.?)+$"
_NOT_LETTER_OR_DIGIT = r"[^\p{L}\p{N}]+"


def normalise(names: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The letters of each name that identify it: the same length, null where nothing is left.

    In this order: upper case without accents (NFKD); what follows the first comma is degrees; leading titles
    (``TITLES``); trailing degrees written with dots; then spaces and punctuation. A step that would leave
    nothing is not taken.

    >>> normalise(pa.array(["Dr. H. Nur Hayati, S.Pd", "NURHAYATI", "Ma'ruf S.Ag."])).to_pylist()
    ['NURHAYATI', 'NURHAYATI', 'MARUF']
    """
    flat = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    flat = flat.cast(pa.string())
    distinct = flat.dictionary_encode()
    # A million people share far fewer full names, so each is worked once.
    plain = pc.utf8_upper(pc.utf8_normalize(distinct.dictionary, form="NFKD"))
    plain = pc.replace_substring_regex(plain, r"\p{Mn}+", "")
    for pattern in (r",.*$", _TITLES, _DEGREES, _NOT_LETTER_OR_DIGIT):
        shorter = pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, pattern, ""))
        letters = pc.replace_substring_regex(shorter, _NOT_LETTER_OR_DIGIT, "")
        plain = pc.if_else(pc.equal(pc.utf8_length(letters), 0), plain, shorter)
    plain = pc.if_else(pc.match_substring_regex(plain, r"^[^\p{L}\p{N}]*$"), pa.scalar(None, pa.string()), plain)
    return pc.take(plain, distinct.indices)
