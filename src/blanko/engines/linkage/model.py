"""The model: how probable each level of agreement is for one person's records, for strangers and for relatives.

Fellegi and Sunter (1969): the weight of a pair is the sum over its fields of log2(m / u). ``m`` is the share of a level
among pairs of one person, ``u`` among pairs of strangers. Where the agreed value is known, ``u`` is that value's own
frequency (a rare name tells more). A second hypothesis stands beside the strangers: that the two are relatives, who
share mother, house and surname; a pair has to be likelier than both.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from blanko.engines.linkage.compare import DATE, FIELDS, LEVELS, MOTHER, NAME, NIK, PLACE, SAME
from blanko.engines.linkage.errors import InvalidModel

FORMAT: Final = "blanko-linkage-1"
WIDTH: Final = 8
Table = npt.NDArray[np.float64]

# Levels whose u is the frequency of what agreed, times the ways in which so much can agree by chance: in one order or
# any, as a part of the one or the other, in one spelling or another.
WAYS: Final[dict[int, dict[int, float]]] = {
    NAME: {2: 3.0, 3: 3.0, 4: 4.0, 5: 2.0, 6: 4.0, 7: 1.0},
    MOTHER: {2: 3.0, 3: 2.0, 4: 1.0},
    DATE: {5: 1.0},
    PLACE: {3: 1.0},
}
TWINS_DATE: Final = 6
"""The column of ``name_date`` for one birth date with NIKs that follow each other."""
MERGE, REVIEW = 6.0, -4.0
"""Default thresholds in bits: from ``merge`` on two records are one person's; from ``review`` on somebody looks."""


@dataclass(frozen=True, slots=True)
class Relatives:
    """The second hypothesis. ``r`` [8, 8] shares of levels among relatives; ``name_date`` [8, 8] the joint share of
    name and birth date levels (twins are in it; those whose NIKs follow each other in column TWINS_DATE); ``pairs`` how
    many pairs of relatives the records hold.
    """

    r: Table
    name_date: Table
    pairs: float


@dataclass(frozen=True, slots=True)
class Model:
    """``m``, ``u`` [8, 8] shares of levels, missing (level 0) left out; ``matches`` expected pairs of one person
    among ``records``; thresholds in bits.
    """

    m: Table
    u: Table
    matches: float
    records: int
    relatives: Relatives | None = None
    merge: float = MERGE
    review: float = REVIEW
    seed: int = 0
    trained: dict[str, Any] = field(default_factory=dict)

    def with_threshold(self, merge: float | None) -> Model:
        """The same with another threshold for merging."""
        return self if merge is None else replace(self, merge=merge, review=min(self.review, merge))


class Tables(NamedTuple):
    """What the scoring loop looks up, in bits: ``stranger``, ``relative`` [8, 8] by field and level; ``name_date``.
    ``valued`` [8, 8] is 1 where the value's own bits are added; ``prior`` (strangers, relatives); ``with_relatives``
    0 or 1.
    """

    stranger: Table
    relative: Table
    name_date: Table
    valued: Table
    prior: Table
    with_relatives: int


def tables(model: Model) -> Tables:
    """The model as tables of bits."""
    m = np.maximum(model.m, 1e-12)
    stranger = np.zeros((len(FIELDS), WIDTH))
    valued = np.zeros((len(FIELDS), WIDTH))
    for f, name in enumerate(FIELDS):
        for at in range(1, len(LEVELS[name])):
            if at in WAYS.get(f, {}):
                stranger[f, at] = math.log2(m[f, at] / WAYS[f][at])
                valued[f, at] = 1.0
            else:
                stranger[f, at] = math.log2(m[f, at] / max(model.u[f, at], 1e-12))
    relative = np.zeros_like(stranger)
    name_date = np.zeros((WIDTH, WIDTH))
    pairs = model.records * (model.records - 1) / 2
    prior = np.array([math.log2(max(model.matches, 1e-9) / max(pairs - model.matches, 1.0)), 0.0])
    if model.relatives is not None:
        r = np.maximum(model.relatives.r, 1e-9)
        relative[:, 1:] = np.where(model.m[:, 1:] > 0, np.log2(m[:, 1:] / r[:, 1:]), 0.0)
        date = _or_one(m[DATE])
        date[TWINS_DATE] = m[DATE, 5] * m[NIK, 2]
        joint_m = np.outer(_or_one(m[NAME]), date)
        name_date = np.log2(joint_m / np.maximum(model.relatives.name_date, 1e-9))
        name_date[0, 0] = 0.0
        prior[1] = math.log2(max(model.matches, 1e-9) / max(model.relatives.pairs, 1.0))
    return Tables(stranger, relative, name_date, valued, prior, int(model.relatives is not None))


def _or_one(row: Table) -> Table:
    found = row.copy()
    found[0] = 1.0
    return found


def write_model(model: Model, path: Path) -> None:
    """Write as JSON: names of fields and levels beside their numbers, so that a person can read and check it."""
    path.write_text(json.dumps(told(model), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def told(model: Model) -> dict[str, Any]:
    """The model as plain values for JSON; ``model_of`` reads them."""
    fields = {
        name: {
            "levels": list(LEVELS[name]),
            "m": _listed(model.m[f], len(LEVELS[name])),
            "u": _listed(model.u[f], len(LEVELS[name])),
            "u_is_frequency_of_value": sorted(WAYS.get(f, {})),
            **({"relatives": _listed(model.relatives.r[f], len(LEVELS[name]))} if model.relatives else {}),
        }
        for f, name in enumerate(FIELDS)
    }
    return {
        "format": FORMAT,
        "records": model.records,
        "matches": _number(model.matches),
        "merge": model.merge,
        "review": model.review,
        "seed": model.seed,
        "fields": fields,
        "relatives": None
        if model.relatives is None
        else {
            "pairs": _number(model.relatives.pairs),
            "name_by_birth_date": [_listed(row, WIDTH) for row in model.relatives.name_date],
        },
        "trained": model.trained,
    }


def _number(value: float) -> float:
    return float(f"{value:.12g}")


def _listed(row: Table, count: int) -> list[float]:
    return [_number(float(value)) for value in row[:count]]


def read_model(path: Path) -> Model:
    """Read ``write_model``'s file. Raises InvalidModel for anything else, and for shares that are none."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidModel(
            "cannot read {path} ({reason})", mend="name a model.json", path=path, reason=error.strerror or error
        ) from error
    except ValueError as error:
        raise InvalidModel("{path} is no JSON: {reason}", mend="name a model.json", path=path, reason=error) from error
    try:
        return model_of(whole)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidModel(
            "{path} is no linkage model ({reason})",
            mend="take the model.json of a run of this version",
            path=path,
            reason=f"{type(error).__name__}: {error}",
        ) from error


def model_of(whole: dict[str, Any]) -> Model:
    """The model that ``told`` told. Raises KeyError, TypeError or ValueError for anything else."""
    if whole["format"] != FORMAT:
        raise ValueError(f"format {whole['format']!r}")
    m, u, r = np.zeros((3, len(FIELDS), WIDTH))
    for f, name in enumerate(FIELDS):
        given = whole["fields"][name]
        count = len(LEVELS[name])
        for table, key in ((m, "m"), (u, "u"), (r, "relatives")):
            if key != "relatives" or whole["relatives"]:
                values = np.array(given[key], dtype=np.float64)
                if values.shape != (count,) or not ((values >= 0) & (values <= 1)).all():
                    raise ValueError(f"{name} {key} holds {count} shares from 0 to 1")
                table[f, :count] = values
    relatives = None
    if whole["relatives"]:
        joint = np.array(whole["relatives"]["name_by_birth_date"], dtype=np.float64)
        if joint.shape != (WIDTH, WIDTH) or not (joint >= 0).all():
            raise ValueError("name_by_birth_date is 8 by 8 shares")
        relatives = Relatives(r, joint, float(whole["relatives"]["pairs"]))
    numbers = [float(whole[key]) for key in ("matches", "merge", "review")]
    if not all(math.isfinite(number) for number in numbers) or numbers[0] <= 0 or int(whole["records"]) < 1:
        raise ValueError("matches, merge, review and records are finite numbers, the first and last above 0")
    return Model(
        m, u, numbers[0], int(whole["records"]), relatives, numbers[1], numbers[2], int(whole["seed"]), whole["trained"]
    )


def starting(records: int) -> Model:
    """Where training begins: how Indonesian double records mostly agree. Every share is learned anew."""
    m = np.zeros((len(FIELDS), WIDTH))
    rows = (
        (0, 0.005, 0.005, 0.01, 0.02, 0.10, 0.22, 0.64),
        (0, 0.05, 0.02, 0.10, 0.83),
        (0, 0.02, 0.01, 0.03, 0.04, 0.90),
        (0, 0.44, 0.02, 0.04, 0.50),
        (0, 0.005, 0.995),
        (0, 0.06, 0.02, 0.92),
        (0, 0.35, 0.10, 0.08, 0.07, 0.15, 0.25),
        (0, 0.06, 0.02, 0.92),
    )
    for f, row in enumerate(rows):
        m[f, : len(row)] = row
    return Model(m, m.copy(), matches=max(0.01 * records, 1.0), records=max(records, 1))


assert len(SAME) == len(FIELDS)
