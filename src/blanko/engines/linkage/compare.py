"""Two records side by side: the level of agreement of each field, packed into one number (a pattern).

A level of 0 means that one side is missing; 1 is the clearest difference; the highest is agreement. A pattern holds
three bits a field, in the order of FIELDS.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.features import Features
from blanko.engines.linkage.jit import inlined, loop, part
from blanko.engines.linkage.words import WordArrays

FIELDS: Final = ("name", "mother", "birth_date", "nik", "sex", "birth_place", "location", "birth_place_near")
NAME, MOTHER, DATE, NIK, SEX, PLACE, LOCATION, PLACE_NEAR = range(8)
LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "name": (
        "missing",
        "no word in common",
        "little in common, words differ",
        "much in common, words differ",
        "near, but known as other words",
        "one lacks words of the other",
        "same but for spelling",
        "same words",
    ),
    "mother": ("missing", "no word in common", "something in common", "part, or spelling", "same words"),
    "birth_date": (
        "missing",
        "differs",
        "same year, one a default day",
        "one part differs",
        "day and month swapped",
        "same",
    ),
    "nik": ("missing", "differs", "next serial of that day", "a slip in its date", "same"),
    "sex": ("missing", "differs", "same"),
    "birth_place": ("missing", "differs", "spelling", "same"),
    "location": (
        "missing",
        "another regency",
        "same regency",
        "same district",
        "same village",
        "same address",
        "same family card",
    ),
    # Who lives in one regency was mostly born in it: that tells little, and is a field of its own.
    "birth_place_near": ("missing", "differs", "spelling", "same"),
}  # fmt: skip
SAME: Final = (7, 4, 5, 4, 2, 3, 6, 3)
"""The level of full agreement of each field."""
# Words that so many bear are names of their own, so that a letter between two of them is no slip of the pen.
KNOWN_SHARE: Final = 2e-5
KNOWN_LEAST: Final = 12


def level(pattern: npt.NDArray[np.uint32], field: int) -> npt.NDArray[np.int64]:
    """The level of one field in each pattern."""
    return ((pattern >> np.uint32(3 * field)) & np.uint32(7)).astype(np.int64)


@part
def popcount(x):  # type: ignore[no-untyped-def]
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@part
def one_edit(letters, a, n, b, m):  # type: ignore[no-untyped-def]
    """Whether one letter lost, added, replaced or exchanged with its neighbour makes word a (n letters) word b (m)."""
    if n > m:
        a, n, b, m = b, m, a, n
    if m - n > 1:
        return False
    i = 0
    while i < n and letters[a, i] == letters[b, i]:
        i += 1
    if i == n:
        return True
    j = 0
    while j < n - i and letters[a, n - 1 - j] == letters[b, m - 1 - j]:
        j += 1
    if n == m:
        left = n - i - j
        return left == 1 or (left == 2 and letters[a, i] == letters[b, i + 1] and letters[a, i + 1] == letters[b, i])
    return n - i - j <= 0


@inlined
def words_alike(w, v, words):  # type: ignore[no-untyped-def]
    """3 the same spelling fold, 2 a slip of the pen, 1 an initial, 0 other words (not equal, that is known)."""
    if words.fold[w] == words.fold[v]:
        return 3
    n, m = np.int64(words.length[w]), np.int64(words.length[v])
    if n == 1 or m == 1:
        return 1 if words.letters[w, 0] == words.letters[v, 0] else 0
    if n < 3 or m < 3:
        return 0
    if words.skeleton[w] == words.skeleton[v] and words.letters[w, 0] == words.letters[v, 0]:
        return 2
    shared = popcount(words.mask[w] & words.mask[v])
    if abs(n - m) > 1 or 2 * shared + 2 < min(n, m):
        return 0
    return 2 if one_edit(words.letters, w, n, v, m) else 0


@inlined
def compare_words(rows, x, y, words, role, known):  # type: ignore[no-untyped-def]  # noqa: C901 - for numba
    """Words matched (exactly, by spelling, near but known), unmatched (left, right), bits (matched, of the fewer)."""
    used = 0
    left = 0
    na, nb = 0, 0
    exact, close, near = 0, 0, 0
    bits, total_a, total_b = 0.0, 0.0, 0.0
    for j in range(rows.shape[1]):
        if rows[y, j] >= 0:
            nb += 1
            total_b += words.bits[role, rows[y, j]]
    for i in range(rows.shape[1]):
        if rows[x, i] < 0:
            continue
        na += 1
        total_a += words.bits[role, rows[x, i]]
        found = False
        for j in range(rows.shape[1]):
            if rows[y, j] == rows[x, i] and not (used >> j) & 1:
                used |= 1 << j
                found = True
                break
        if found:
            exact += 1
            bits += words.bits[role, rows[x, i]]
        else:
            left |= 1 << i
    if left:
        for i in range(rows.shape[1]):
            if not (left >> i) & 1:
                continue
            for j in range(rows.shape[1]):
                if rows[y, j] < 0 or (used >> j) & 1:
                    continue
                how = words_alike(rows[x, i], rows[y, j], words)
                both = words.counted[role, rows[x, i]] >= known and words.counted[role, rows[y, j]] >= known
                # Of short words each letter makes another name, unless one of the two is none.
                short = min(words.length[rows[x, i]], words.length[rows[y, j]]) < 4
                if how == 0 or (how == 2 and short and both):
                    continue
                used |= 1 << j
                if how == 2 and both:
                    near += 1
                else:
                    close += 1
                bits += 0.0 if how == 1 else min(words.bits[role, rows[x, i]], words.bits[role, rows[y, j]])
                break
    matched = exact + close + near
    return exact, close, near, na - matched, nb - matched, bits, min(total_a, total_b)


@inlined
def _date_level(x, y, x_shared, y_shared):  # type: ignore[no-untyped-def]
    if x == y:
        return 5
    yx, mx, dx = x // 10000, x // 100 % 100, x % 100
    yy, my, dy = y // 10000, y // 100 % 100, y % 100
    if yx == yy:
        if mx == dy and dx == my:
            return 4
        if mx == my or dx == dy:
            return 3
        return 2 if x_shared or y_shared else 1
    if mx == my and dx == dy and not (x_shared and y_shared):
        # A slip in the year: one digit, or two exchanged.
        apart = abs(yx - yy)
        if apart <= 1 or apart % 10 == 0 or apart % 9 == 0:
            return 3
    return 1


@inlined
def _nik_level(x, y, same_date):  # type: ignore[no-untyped-def]
    """Two numbers of one district, day and sex whose serials follow each other were given at one counter: twins' are.

    A slip counts only in the date digits of people of one birth date. Elsewhere one digit apart says no more than that
    district and date are alike, which their own fields tell already.
    """
    if x == y:
        return 4
    if x // 10_000 == y // 10_000:
        return 2 if abs(x % 10_000 - y % 10_000) <= 3 else 1
    if not same_date or x % 10_000 != y % 10_000 or x // 10_000_000_000 != y // 10_000_000_000:
        return 1
    x, y = x // 10_000 % 1_000_000, y // 10_000 % 1_000_000
    wrong = 0
    last_x, last_y = np.int64(-1), np.int64(-1)
    exchanged = False
    for _ in range(6):
        a, b = x % 10, y % 10
        if a != b:
            wrong += 1
            exchanged = wrong == 2 and a == last_y and b == last_x
            last_x, last_y = a, b
        else:
            last_x, last_y = np.int64(-1), np.int64(-1)
        x //= 10
        y //= 10
    return 3 if wrong == 1 or (wrong == 2 and exchanged) else 1


@inlined
def compare(i, j, f, words, known):  # type: ignore[no-untyped-def]  # noqa: C901 - one pass, for numba
    """(pattern, bits of the matched name, bits of the matched mother) of records i and j."""
    pattern = 0
    name_bits, mother_bits = 0.0, 0.0
    for role in range(2):
        # One body for both: it is put in where it is called, and compiled each time.
        whole = f.name_whole if role == 0 else f.mother_whole
        if whole[i] == 0 or whole[j] == 0:
            continue
        if whole[i] == whole[j]:
            if role == 0:
                name_bits = np.float64(f.name_bits[i])
                pattern |= 7
            else:
                mother_bits = np.float64(f.mother_bits[i])
                pattern |= 4 << 3
            continue
        rows = f.name if role == 0 else f.mother
        exact, close, near, ua, ub, bits, total = compare_words(rows, i, j, words, role, known)
        nothing = exact + close + near == 0 or bits <= 0.0
        if role == 0:
            name_bits = bits
            if nothing:
                name, name_bits = 1, 0.0
            elif ua == 0 and ub == 0:
                name = 4 if near else (6 if close else 7)
            elif ua == 0 or ub == 0:
                name = 4 if near else 5
            else:
                name = 3 if bits * 2 >= total else 2
                name_bits = min(bits, 8.0)
            pattern |= name
        else:
            mother_bits = bits
            if nothing:
                mother, mother_bits = 1, 0.0
            elif ua == 0 and ub == 0 and close + near == 0:
                mother = 4
            elif (ua == 0 or ub == 0) and near == 0:
                mother = 3
            else:
                mother = 2
                mother_bits = min(bits, 8.0)
            pattern |= mother << 3
    if f.born[i] != 0 and f.born[j] != 0:
        pattern |= _date_level(f.born[i], f.born[j], f.born_shared[i], f.born_shared[j]) << 6
    if f.nik[i] != 0 and f.nik[j] != 0:
        pattern |= _nik_level(f.nik[i], f.nik[j], f.born[i] == f.born[j]) << 9
    if f.sex[i] != 0 and f.sex[j] != 0:
        pattern |= (2 if f.sex[i] == f.sex[j] else 1) << 12
    home = 0
    if f.family[i] != 0 and f.family[i] == f.family[j]:
        home = 6
    elif f.village[i] != 0 and f.village[j] != 0:
        a, b = f.village[i], f.village[j]
        if a // 1_000_000 != b // 1_000_000:
            home = 1
        elif a // 10_000 != b // 10_000:
            home = 2
        elif a != b:
            home = 3
        elif f.address[i] != 0 and f.address[i] == f.address[j]:
            home = 5
        else:
            home = 4
    pattern |= home << 18
    if f.place[i] >= 0 and f.place[j] >= 0:
        place = 3
        if f.place[i] != f.place[j]:
            place = 2 if words_alike(f.place[i], f.place[j], words) >= 2 else 1
        pattern |= place << (21 if home >= 2 else 15)
    return np.uint32(pattern), name_bits, mother_bits


@loop
def compare_pairs(left, right, f, words, known, pattern, name_bits, mother_bits):  # type: ignore[no-untyped-def]
    """``compare`` for each pair of rows, into the three arrays."""
    for k in range(len(left)):
        pattern[k], name_bits[k], mother_bits[k] = compare(left[k], right[k], f, words, known)


def known_from(records: int) -> int:
    """From how many records on a word is a name of its own."""
    return max(KNOWN_LEAST, round(KNOWN_SHARE * records))


def patterns(
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
    features: Features,
    words: WordArrays,
    *,
    known: int | None = None,
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(pattern, bits of the name's and of the mother's matched words) of each pair of rows ``left[k]``, ``right[k]``.

    The one comparison that batch, training and counter share.
    """
    n = len(left)
    out = np.zeros(n, np.uint32), np.zeros(n, np.float64), np.zeros(n, np.float64)
    compare_pairs(left, right, features, words, known_from(len(features.nik)) if known is None else known, *out)
    return out
