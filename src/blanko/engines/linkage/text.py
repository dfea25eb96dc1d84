"""Names, places and addresses from bytes to words: one pass over the letters of a whole batch, no Python per record.

What two offices write differently and mean alike is taken away here: case, accents, titles and degrees (H., Hj.,
S.Pd), the many ways to write Muhammad, ``bin``. Spelling before 1972 is folded in ``fold``: OE is U, DJ and J and Y one
letter, TJ is C, SJ is SY, NJ is NY, CH is KH (Ejaan Republik 1947 against Ejaan yang Disempurnakan 1972).
"""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np

from blanko.engines.linkage.jit import inlined, loop, part

LETTERS: Final = 24
"""Letters kept of a word; longer words are told apart by their hash."""
RAW_TOKENS: Final = 12
SPACE, SKIP, DOT, COMMA, LEAD, BAD = 0, 1, 2, 3, 4, 5


def _classes() -> np.ndarray:
    """What each byte is: a letter's capital, a digit, or one of the small numbers above."""
    found = np.zeros(256, dtype=np.uint8)
    for letter in range(ord("A"), ord("Z") + 1):
        found[letter] = found[letter + 32] = letter
    for digit in range(ord("0"), ord("9") + 1):
        found[digit] = digit
    for sign in "'`":
        found[ord(sign)] = SKIP
    found[ord(".")], found[ord(",")] = DOT, COMMA
    found[0xC2:0xF5] = LEAD
    found[0x80:0xC2] = BAD
    found[0xF5:] = BAD
    return found


def _accents() -> np.ndarray:
    """The plain capital of U+00C0 to U+024F, 0 where there is none."""
    found = np.zeros(0x250, dtype=np.uint8)
    for code in range(0xC0, 0x250):
        plain = unicodedata.normalize("NFKD", chr(code))[0].upper()
        if len(plain) == 1 and plain.isascii() and plain.isalpha():
            found[code] = ord(plain)
    for code, plain in ((0xD8, "O"), (0xF8, "O"), (0xD0, "D"), (0xF0, "D"), (0x110, "D"), (0x111, "D"), (0x141, "L")):
        found[code] = ord(plain)
    return found


def packed(word: str) -> int:
    """A word of up to eight letters as one number, for lists that a loop searches."""
    return int.from_bytes(word.encode()[:8].ljust(8, b"\0"), "little")


def _listed(words: str) -> np.ndarray:
    return np.array(sorted(packed(word) for word in words.split()), dtype=np.uint64)


CLASSES, ACCENTS = _classes(), _accents()
TITLES = _listed("PROF DR DRS DRA DRG DRH IR KH HJ H HAJI HAJAH HAJJAH R RA RR RM RNGT TB ALM ALMH")
MUHAMMAD = _listed("MUHAMMAD MOHAMMAD MUHAMAD MOHAMAD MOCHAMAD MOKHAMAD MOH MUH MOCH MUHD MHD MOKH MUCHAMAD MUCH")
CONNECTORS = _listed("BIN BINTI BT BTE")
# Before a street's name, or part of how a block is named: they tell no two places apart.
ADDRESS_WORDS = _listed(
    "JL JLN JALAN GG GANG NO NOMOR RT RW DUSUN DSN DS DESA KP KAMPUNG KMP LINGK BLOK BLK KEL KEC PERUM"
)
PLACE_WORDS = _listed("KAB KABUPATEN KOTA KODYA ADM ADMINIST")
# Written where nothing is known. Others are found from the data (shared.py).
NOTHING = _listed("NIHIL NULL NONE NONAME UNKNOWN XXX XX X TIDAKTAH TIDAKDIK TDKTAHU TAKTAHU NAMA TANPANAM NN")

GOLD = np.uint64(0x9E3779B97F4A7C15)


@part
def mix(z):  # type: ignore[no-untyped-def]
    """64 well-mixed bits. Source: Steele, Lea, Flood (2014), SplitMix64."""
    z = np.uint64(z)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@part
def join(a, b):  # type: ignore[no-untyped-def]
    """One number for two in their order; never 0, which stands for nothing."""
    found = mix(np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b) + np.uint64(0x632BE59BD9B4E019))
    return found if found != np.uint64(0) else np.uint64(1)


@part
def listed(code, words):  # type: ignore[no-untyped-def]
    """Whether a packed word is in a short list."""
    for i in range(len(words)):  # noqa: SIM110 - a loop for numba
        if words[i] == code:
            return True
    return False


@inlined
def pack8(rows, k, length):  # type: ignore[no-untyped-def]
    """The first eight letters of word k as one number. (A slice of the array would cost more than the work.)"""
    code = np.uint64(0)
    for i in range(min(length, 8)):
        code |= np.uint64(rows[k, i]) << np.uint64(8 * i)
    return code


@inlined
def split(data, start, stop, classes, accents, rows, lengths, hashes, glued, limit):  # type: ignore[no-untyped-def]  # noqa: C901
    """Cut one text into words of capital letters and digits. Returns (words, words before the first comma, valid).

    ``rows[k]`` holds up to LETTERS letters of word k, ``lengths[k]`` their number, ``hashes[k]`` all its letters;
    ``glued[k]`` says that a dot and no space stands before it. -1 letters: invalid UTF-8.
    """
    words, before, at, glue = 0, -1, 0, False
    h = np.uint64(0xCBF29CE484222325)
    i = start
    while i <= stop:
        kind = classes[data[i]] if i < stop else np.uint8(0)
        if kind >= 48 and words < limit:
            # A plain letter or digit: nearly every byte.
            if at < 24:
                rows[words, at] = kind
                at += 1
            h = (h ^ np.uint64(kind)) * np.uint64(0x100000001B3)
            i += 1
            continue
        letter = np.uint8(0)
        second = np.uint8(0)
        third = np.uint8(0)
        step = 1
        if kind >= 48:
            letter = kind
        elif kind == 4:
            lead = data[i]
            step = 2 if lead < 0xE0 else (3 if lead < 0xF0 else 4)
            if i + step > stop:
                return words, before, False
            for k in range(1, step):
                if data[i + k] & 0xC0 != 0x80:
                    return words, before, False
            if (lead == 0xE0 and data[i + 1] < 0xA0) or (lead == 0xED and data[i + 1] > 0x9F):
                return words, before, False
            if (lead == 0xF0 and data[i + 1] < 0x90) or (lead == 0xF4 and data[i + 1] > 0x8F):
                return words, before, False
            if step == 2:
                point = (np.int64(lead & 0x1F) << 6) | np.int64(data[i + 1] & 0x3F)
                if point < 0x250 and accents[point] != 0:
                    letter = accents[point]
                elif 0x2B0 <= point < 0x370:
                    kind = np.uint8(1)
                elif point < 0xC0:
                    kind = np.uint8(0)
                else:
                    letter, second = data[i], data[i + 1]
            elif step == 3:
                if lead == 0xE2 and (data[i + 1] == 0x80 or data[i + 1] == 0x81):
                    # Typographic apostrophes are skipped, other signs part words.
                    kind = np.uint8(1) if data[i + 2] == 0x98 or data[i + 2] == 0x99 else np.uint8(0)
                else:
                    letter, second, third = data[i], data[i + 1], data[i + 2]
            else:
                letter, second, third = (
                    data[i],
                    data[i + 1] ^ np.uint8(0x40),
                    np.uint8(data[i + 2] ^ np.uint8(data[i + 3] << 1) | 1),
                )
        elif kind == 5:
            return words, before, False
        if letter != 0:
            if words < limit:
                # A letter beyond ASCII is up to three bytes.
                rest = np.uint64(letter) | (np.uint64(second) << np.uint64(8)) | (np.uint64(third) << np.uint64(16))
                while rest != np.uint64(0):
                    byte = rest & np.uint64(0xFF)
                    if at < 24:
                        rows[words, at] = byte
                        at += 1
                    h = (h ^ byte) * np.uint64(0x100000001B3)
                    rest >>= np.uint64(8)
        elif kind != 1:
            if at > 0 and words < limit:
                lengths[words] = at
                hashes[words] = mix(h)
                glued[words] = glue
                words += 1
                at = 0
                h = np.uint64(0xCBF29CE484222325)
            glue = kind == 2
            if kind == 3 and before < 0:
                before = words
        i += step
    return words, before, True


@inlined
def person_words(rows, lengths, glued, words, before, titles, connectors, keep):  # type: ignore[no-untyped-def]
    """Mark in ``keep`` the words that are the person's name: no degrees, titles or ``bin``. Returns how many.

    A step that would leave nothing is not taken.
    """
    stop = words
    if before > 0:
        stop = before
    else:
        # "BUDI SANTOSO S.PD": short words that dots hold together, behind a name.
        while stop > 1:
            first = stop - 1
            while first > 0 and glued[first]:
                first -= 1
            if first == stop - 1 or first == 0 or lengths[first] > 2:
                break
            short = True
            for k in range(first + 1, stop):
                short &= lengths[k] <= 4
            if not short:
                break
            stop = first
    begin = 0
    while begin < stop - 1:
        code = pack8(rows, begin, lengths[begin])
        raden = begin > 0 and glued[begin] and lengths[begin] == 1
        if not raden and (lengths[begin] > 8 or not listed(code, titles)):
            break
        begin += 1
    kept = 0
    for k in range(words):
        keep[k] = begin <= k < stop
        if keep[k] and begin < k < stop - 1 and lengths[k] <= 5 and listed(pack8(rows, k, lengths[k]), connectors):
            keep[k] = False
        kept += 1 if keep[k] else 0
    return kept


@part
def fold(row, length, out):  # type: ignore[no-untyped-def]  # noqa: C901 - one pass, for numba
    """A word's letters in one spelling, whatever the year it was written in. Returns how many; ``out`` gets them.

    OE is U; DJ, J and Y one letter; TJ is C; SJ, SY are S; NJ, NY are N; CH, KH are K; F, V, PH are P; Z is S; Q is
    K; doubled letters and an H at the end or before a consonant go.
    """
    n, i = 0, 0
    while i < length:
        c = row[i]
        following = row[i + 1] if i + 1 < length else np.uint8(0)
        if c == 79 and following == 69:  # OE
            c, i = np.uint8(85), i + 1
        elif (c == 68 or c == 84) and following == 74:  # DJ, TJ
            c, i = np.uint8(74 if c == 68 else 67), i + 1
        elif (c == 83 or c == 78) and (following == 74 or following == 89):  # SJ SY NJ NY
            i += 1
        elif (c == 67 or c == 75) and following == 72:  # CH KH
            c, i = np.uint8(75), i + 1
        elif c == 80 and following == 72:  # PH
            i += 1
        if c == 89:
            c = np.uint8(74)
        elif c == 70 or c == 86:
            c = np.uint8(80)
        elif c == 90:
            c = np.uint8(83)
        elif c == 81:
            c = np.uint8(75)
        i += 1
        if c == 72 and n > 0:
            ahead = row[i] if i < length else np.uint8(0)
            if not (ahead == 65 or ahead == 69 or ahead == 73 or ahead == 79 or ahead == 85):
                continue
        if n > 0 and out[n - 1] == c:
            continue
        out[n] = c
        n += 1
    return n


@part
def hash_bytes(row, length):  # type: ignore[no-untyped-def]
    h = np.uint64(0xCBF29CE484222325)
    for i in range(length):
        h = (h ^ np.uint64(row[i])) * np.uint64(0x100000001B3)
    h = mix(h)
    return h if h != np.uint64(0) else np.uint64(1)


@part
def skeleton(row, length):  # type: ignore[no-untyped-def]
    """The consonants of a folded word; short ones keep their vowels, which would else be all alike."""
    h = np.uint64(0xCBF29CE484222325)
    kept = 0
    last = np.uint8(0)
    for i in range(length):
        c = row[i]
        vowel = c == 65 or c == 69 or c == 73 or c == 79 or c == 85 or c == 72
        if vowel and i > 0:
            continue
        if vowel:
            c = np.uint8(65)
        if c != last:
            h = (h ^ np.uint64(c)) * np.uint64(0x100000001B3)
            kept += 1
        last = c
    if kept < 2:
        return hash_bytes(row, length)
    h = mix(h)
    return h if h != np.uint64(0) else np.uint64(1)


@part
def bigrams(row, length):  # type: ignore[no-untyped-def]
    """64 bits, one for each pair of neighbouring letters (hashed): what two words share shows in one AND."""
    mask = np.uint64(0)
    before = np.uint64(1)
    for i in range(length):
        c = np.uint64(row[i])
        mask |= np.uint64(1) << (((before * np.uint64(31) + c) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(58))
        before = c
    return mask


@loop
def places_hashed(data, offsets, classes, accents, stop_words, rows, lengths, hashes, glued, out):  # type: ignore[no-untyped-def]
    """One number for each address, whatever the order of its words and the zeros before numbers; 0 for none.

    Returns the first row of invalid UTF-8, or -1.
    """
    for r in range(len(offsets) - 1):
        start, stop = offsets[r], offsets[r + 1]
        if start == stop:
            out[r] = 0
            continue
        words, _, valid = split(data, start, stop, classes, accents, rows, lengths, hashes, glued, 12)
        if not valid:
            return r
        total = np.uint64(0)
        for k in range(words):
            if lengths[k] <= 8 and listed(pack8(rows, k, lengths[k]), stop_words):
                continue
            zeros = 0
            while zeros < lengths[k] - 1 and rows[k, zeros] == 48:
                zeros += 1
            total += hash_bytes(rows[k, zeros:], lengths[k] - zeros) if zeros else mix(hashes[k])
        out[r] = total
    return -1
