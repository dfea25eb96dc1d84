"""Gives each person a name of one to four parts, and each family what it shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from blanko.engines.synth.draws import Bools, Ints, choose, choose_share, ranked, stream
from blanko.engines.synth.names import NONE, WordList, lexicon
from blanko.engines.synth.people import CHILD, WIFE, People

# Share of names of 1, 2, 3 and 4 parts, counted on the candidate lists of 2014 (29,544 people, all provinces).
PARTS_MEN = (0.173, 0.531, 0.249, 0.047)
PARTS_WOMEN = (0.205, 0.504, 0.236, 0.055)
MUHAMMAD_SHARE = 0.065
HAJJ_SHARE, DEGREE_SHARE, OTHER_TITLE_SHARE = 0.03, 0.04, 0.01
SURNAME_SHARE = 0.12
NORTH_SUMATRA, BALI = 12, 51
# Provinces where a family name is the rule; shares are our estimate from the lists' last words.
SURNAME_SHARE_BY_PROVINCE = {12: 0.65, 53: 0.55, 71: 0.7, 81: 0.6, 82: 0.4, 91: 0.55, 92: 0.55}


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Word numbers, a row a name: ``words`` in 4 columns, ``title``, ``degree``; NONE for what is missing."""

    words: Ints
    title: Ints
    degree: Ints

    def take(self, rows: Ints) -> Names:
        return Names(self.words[rows], self.title[rows], self.degree[rows])


def render(names: Names) -> pa.StringArray:
    """The names in capitals, as SIAK writes them: "H. BUDI SANTOSO, S.PD"."""
    words = lexicon().words
    pieces = [_take(words, names.title), *(_take(words, names.words[:, i]) for i in range(4))]
    name = pc.binary_join_element_wise(*pieces, " ", null_handling="skip")
    return pc.binary_join_element_wise(name, _take(words, names.degree), ", ", null_handling="skip")


def _take(words: pa.StringArray, index: Ints) -> pa.StringArray:
    return words.take(pa.array(index, mask=index < 0))


def name_people(people: People, *, province: Ints, as_of: int, seed: int, part: int) -> tuple[Names, Names]:
    """Everybody's name and everybody's mother's name; siblings share the mother, and some families a last word.

    ``province`` is each person's province as a number.
    """
    rng = stream(seed, "names", part)
    lex = lexicon()
    count = len(people)
    woman, age = people.woman, people.age_years(as_of)
    parts = np.where(woman, choose_share(rng, PARTS_WOMEN, count), choose_share(rng, PARTS_MEN, count)) + 1
    words = _words(rng, woman=woman, parts=parts, elder=rng.random(count) < np.clip((age - 30) / 50, 0.02, 0.6))
    _share_surnames(rng, people, province, words, parts)
    muhammad = ~woman & (parts > 1) & (rng.random(count) < MUHAMMAD_SHARE)
    words[muhammad, 0] = lex.muhammads[choose(rng, ranked(len(lex.muhammads), shift=0.5), int(muhammad.sum()))]
    bali = (province == BALI) & (parts > 1) & (rng.random(count) < 0.85)
    for chosen, listed in ((bali & ~woman, lex.bali_men), (bali & woman, lex.bali_women)):
        words[chosen, 0] = listed[rng.integers(0, len(listed), int(chosen.sum()))]
    twins = np.flatnonzero(people.twin_of >= 0)
    elder = people.twin_of[twins]
    alike = twins[woman[twins] == woman[elder]]
    # Twins are named alike: all but the first word is the elder's.
    words[alike, 1:] = words[people.twin_of[alike], 1:]
    names = Names(words, *_titles(rng, woman, age))
    return names, _mothers(rng, people, words)


def _draw(rng: np.random.Generator, listed: WordList, size: int) -> Ints:
    return listed.words[choose(rng, listed.cumulative, size)]


def _words(rng: np.random.Generator, *, woman: Bools, parts: Ints, elder: Bools) -> Ints:
    lex, count = lexicon(), len(woman)
    words = np.full((count, 4), NONE, dtype=np.int64)
    man = ~woman
    for chosen, plain, compound in (
        (man, lex.lists["men"], lex.lists["men_compound"]),
        (woman, lex.lists["women"], lex.lists["women_compound"]),
    ):
        for column in range(3):
            rows = np.flatnonzero(chosen & ((parts > column + 1) | (column == 0)))
            words[rows, column] = _draw(rng, plain, len(rows))
        rows = np.flatnonzero(chosen & elder)
        words[rows, 0] = _draw(rng, compound, len(rows))
    last = np.where(
        woman & (rng.random(count) < 0.75),
        _draw(rng, lex.lists["women_last"], count),
        _draw(rng, lex.lists["men_last"], count),
    )
    rows = np.flatnonzero(parts > 1)
    words[rows, parts[rows] - 1] = last[rows]
    _no_echo(words)
    return words


def _no_echo(words: Ints) -> None:
    """Nobody is called Budi Budi: a part that repeats an earlier one is left out, the later parts move up."""
    for column in range(1, 4):
        for before in range(column):
            echo = (words[:, column] == words[:, before]) & (words[:, column] >= 0)
            words[echo, column:] = np.append(
                words[echo, column + 1 :], np.full((int(echo.sum()), 1), NONE, dtype=np.int64), axis=1
            )


def _share_surnames(rng: np.random.Generator, people: People, province: Ints, words: Ints, parts: Ints) -> None:
    lex = lexicon()
    starts = np.flatnonzero(np.append(True, people.household[1:] != people.household[:-1]))
    home = province[starts]
    share = np.full(100, SURNAME_SHARE)
    for code, its_share in SURNAME_SHARE_BY_PROVINCE.items():
        share[code] = its_share
    has = rng.random(len(starts)) < share[home]
    surname = np.where(
        (home == NORTH_SUMATRA) | (rng.random(len(starts)) < 0.05),
        _draw(rng, lex.lists["clans"], len(starts)),
        _draw(rng, lex.lists["men_last"], len(starts)),
    )
    # A wife keeps her own; a child whose father is not of the house has its mother's family's.
    rows = np.flatnonzero(has[people.household] & (people.role != WIFE) & (parts > 1))
    parts_now = (words[rows] >= 0).sum(axis=1)
    kept = rows[parts_now > 1]
    words[kept, parts_now[parts_now > 1] - 1] = surname[people.household[kept]]
    _no_echo(words)


def _titles(rng: np.random.Generator, woman: Bools, age: np.ndarray) -> tuple[Ints, Ints]:
    lex, count = lexicon(), len(woman)
    draw = rng.random(count)
    hajj = (age > 40) & (draw < HAJJ_SHARE * 2.2)
    other = ~hajj & (age > 24) & (draw > 1 - OTHER_TITLE_SHARE)
    which = rng.integers(1, len(lex.titles_men), count)
    title = np.where(hajj, np.where(woman, lex.titles_women[0], lex.titles_men[0]), NONE)
    title = np.where(other, np.where(woman, lex.titles_women[which], lex.titles_men[which]), title)
    graduate = (age > 22) & (age < 65) & (rng.random(count) < DEGREE_SHARE)
    degree = np.full(count, NONE, dtype=np.int64)
    degree[graduate] = lex.degrees[choose(rng, ranked(len(lex.degrees)), int(graduate.sum()))]
    return title, degree


def _mothers(rng: np.random.Generator, people: People, words: Ints) -> Names:
    count = len(people)
    parts = choose_share(rng, (0.5, 0.4, 0.1), count) + 1
    unseen = _words(rng, woman=np.ones(count, dtype=bool), parts=parts, elder=rng.random(count) < 0.45)
    # Children who live with their father alone still have one mother: the one drawn for the first of them.
    with_father = np.flatnonzero((people.role == CHILD) & (people.mother < 0))
    unseen[with_father] = unseen[np.minimum(people.father[with_father] + 1, count - 1)]
    here = people.mother >= 0
    unseen[here] = words[people.mother[here]]
    nothing = np.full(count, NONE, dtype=np.int64)
    return Names(unseen, nothing, nothing)
