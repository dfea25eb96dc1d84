"""The words that Indonesian names are made of, and how often each is met.

The words are the lists of Faker's ``id_ID`` provider, some common ones that it lacks, and Javanese compounds (root and
ending). Faker draws all of them alike; real frequencies fall by rank, so each list is ranked, the best-known names
first, and drawn by Zipf's law.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from faker.providers.person.id_ID import Provider

from blanko.engines.synth.draws import Floats, Ints, ranked


def split(text: str) -> tuple[str, ...]:
    """The words of a long list, kept readable."""
    return tuple(text.split())


# Best-known first; the rest of a list follows in an order of its own that never changes.
COMMON_MEN = split(
    "Agus Ahmad Abdul Budi Bambang Slamet Edi Eko Hendra Andi Joko Rudi Imam Heru Asep Indra Irwan Iwan Yusuf Usman "
    "Ismail Ridwan Wahyu Hasan Teguh Dedi Taufik Saiful Samsul Rahmat Umar Hadi Wawan Dwi Tri Zainal Anwar Herman "
    "Yanto Hari Mulyono Ali Sabar Aris Dimas Rizki Aditya Arif Lukman Ibrahim Purwanto Maman"
)
COMMON_WOMEN = split(
    "Siti Sri Nur Dewi Ratna Endang Eka Ida Yuni Dwi Rina Umi Maria Nurul Indah Rini Ani Ika Fitri Titin Ayu Lilis Eni "
    "Nurhayati Sumiati Kartini Yuliana Wiwik Aisyah Putri Dian Tri Tuti Lina Novi Ratih Rahayu Yanti Neni Mariam Erna "
    "Diana Wulan Intan Sarah Laila Rosmini Hasnah"
)
COMMON_LAST_MEN = split("Hidayat Setiawan Santoso Kurniawan Saputra Wijaya Nugroho Gunawan Irawan Wibowo Maulana")
COMMON_LAST_WOMEN = split("Lestari Wahyuni Rahayu Rahmawati Handayani Astuti Susanti Safitri Utami Wati Sari")
CLANS = split(
    "Siregar Nainggolan Sihombing Simanjuntak Sinaga Situmorang Manullang Marpaung Tampubolon Sitorus Hutagalung "
    "Damanik Saragih Simbolon Sitompul Napitupulu Hutapea Samosir Sihotang Hutasoit Marbun "
    "Mangunsong Sirait Nababan Dongoran"
)
ROOTS = split("Su Sar Har Pur Mul Kas Pon Tug Leg Ngat Jum Sum Sup Sut Sug Suk Sun Sud Kar Dar Mar War Pai Sam Tar")
ENDINGS_MEN = split("yanto tono yono iman adi isno idi iran wanto ijan irin oyo")
ENDINGS_WOMEN = split("iyem inah ini iyah arti iyati ikah arni inem ilah ningsih wati")
BALI_MEN = ("I Wayan", "I Made", "I Nyoman", "I Ketut", "I Putu", "I Gede")
BALI_WOMEN = ("Ni Wayan", "Ni Made", "Ni Nyoman", "Ni Ketut", "Ni Putu", "Ni Luh")
MUHAMMADS = ("Muhammad", "Mohammad", "Moh.", "M.", "Mochamad", "Muhamad", "Moch.", "Muh.", "Mohamad", "Mokhamad")
TITLES_MEN = ("H.", "KH.", "Drs.", "Ir.", "dr.", "R.")
TITLES_WOMEN = ("Hj.", "Dra.", "Ir.", "dr.", "R.A.", "Hj.")
TYPOS = 6
NONE = -1

# Spelling before 1972 (Ejaan Republik), in one pass: a letter that was written is not written again.
OLD_SPELLING = {"SY": "SJ", "KH": "CH", "NY": "NJ", "J": "DJ", "Y": "J", "C": "TJ", "U": "OE"}
_OLD = re.compile("SY|KH|NY|J|Y|C|U")
_NEAR = {"A": "E", "E": "A", "I": "Y", "O": "U", "U": "O", "N": "M", "M": "N", "D": "T", "T": "D", "S": "Z", "F": "P"}


@dataclass(frozen=True, slots=True, eq=False)
class WordList:
    """Word numbers with their cumulative shares."""

    words: Ints
    cumulative: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Every word once, as an Arrow array of capitals; all else are numbers into it.

    ``lists`` are first and last words (men, women, men_compound, women_compound, men_last, women_last, clans);
    ``typo`` has a row of TYPOS numbers a word; ``old`` its spelling before 1972, or the word itself.
    """

    words: pa.StringArray
    lists: dict[str, WordList]
    bali_men: Ints
    bali_women: Ints
    muhammads: Ints
    titles_men: Ints
    titles_women: Ints
    degrees: Ints
    typo: Ints
    old: Ints


def old_spelling(word: str) -> str:
    """How a word in capitals was written before 1972.

    >>> old_spelling("SUCIPTO"), old_spelling("JUNAIDI")
    ('SOETJIPTO', 'DJOENAIDI')
    """
    return _OLD.sub(lambda found: OLD_SPELLING[found.group()], word)


def misspellings(word: str) -> list[str]:
    """TYPOS ways in which a clerk misses a word: a letter lost, doubled, exchanged, replaced or added."""
    at = zlib.crc32(word.encode()) % max(1, len(word) - 1)
    middle = max(1, min(at, len(word) - 1))
    near = next((i for i, letter in enumerate(word) if i and letter in _NEAR), middle)
    found = [
        word[:middle] + word[middle + 1 :],
        word[:middle] + word[middle] + word[middle:] if middle < len(word) else word + word[-1:],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
        word[:near] + _NEAR.get(word[near : near + 1], "H") + word[near + 1 :],
        word + "H",
        word[:-1] if len(word) > 3 else word + "I",
    ]
    return [typo if typo and typo != word else word + "H" for typo in found]


def _ranking(common: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    rest = sorted(set(others) - set(common), key=lambda name: (zlib.crc32(name.encode()), name))
    return list(dict.fromkeys(common)) + rest


@cache
def lexicon() -> Lexicon:
    """The words, read once from Faker's lists."""
    number: dict[str, int] = {}

    def ids(words: list[str] | tuple[str, ...]) -> Ints:
        return np.array([number.setdefault(word.upper(), len(number)) for word in words], dtype=np.int64)

    def listed(words: list[str] | tuple[str, ...], *, exponent: float = 1.05) -> WordList:
        return WordList(ids(words), ranked(len(words), exponent=exponent))

    clans = set(CLANS)
    men = [name for name in _ranking(COMMON_MEN, Provider.first_names_male) if name != "Muhammad"]
    plain_last = tuple(name for name in Provider.last_names_male if name not in clans)
    compounds = [
        tuple(root + ending for root in ROOTS for ending in endings) for endings in (ENDINGS_MEN, ENDINGS_WOMEN)
    ]
    lists = {
        "men": listed(men),
        "women": listed(_ranking(COMMON_WOMEN, Provider.first_names_female)),
        "men_compound": listed(_ranking((), compounds[0]), exponent=0.7),
        "women_compound": listed(_ranking((), compounds[1]), exponent=0.7),
        "men_last": listed(_ranking(COMMON_LAST_MEN, plain_last), exponent=0.8),
        "women_last": listed(_ranking(COMMON_LAST_WOMEN, Provider.last_names_female), exponent=0.8),
        "clans": listed(CLANS),
    }
    bali_men, bali_women, muhammads = ids(BALI_MEN), ids(BALI_WOMEN), ids(MUHAMMADS)
    titles_men, titles_women = ids(TITLES_MEN), ids(TITLES_WOMEN)
    degrees = ids(tuple(dict.fromkeys(("S.Pd", "S.E.", "S.H.", *Provider.suffixes))))
    plain = list(number)
    typo = np.array([ids(misspellings(word)) for word in plain], dtype=np.int64)
    old = ids([old_spelling(word) for word in plain])
    return Lexicon(
        words=pa.array(list(number), pa.string()),
        lists=lists,
        bali_men=bali_men,
        bali_women=bali_women,
        muhammads=muhammads,
        titles_men=titles_men,
        titles_women=titles_women,
        degrees=degrees,
        typo=typo,
        old=old,
    )
