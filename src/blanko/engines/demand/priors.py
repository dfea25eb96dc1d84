"""What is believed of demand before anything was seen, with its source. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from blanko.engines.demand.errors import InvalidRate
from blanko.engines.demand.history import CAUSES

# 185,249,711 obliged persons lived in the country on 30 June 2017.
OBLIGED_2017 = 185_249_711
REPLACED_A_YEAR = 2_500_000.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Cards an obliged person asks for in a month, for one cause, with the coefficient of variation of that belief."""

    mean: float
    cv: float
    source: str


@dataclass(frozen=True, slots=True)
class Priors:
    """Beliefs: ``rates`` of each rate cause; how far areas lie apart; how what was held back returns.

    ``take_up`` is the share of those who turn 17 that ever apply, ``delay`` the shares that apply so many months
    after the birthday; ``returning`` the two parameters of a Beta distribution, of which stock-outs differ by
    ``returning_between`` and areas by the coefficient of variation ``returning_unlike``; ``spread_area`` and
    ``spread_province`` the coefficient of variation of an area round its province and of a province round the
    nation.
    """

    rates: dict[str, Rate]
    take_up: float = 0.9
    take_up_cv: float = 0.15
    take_up_spread: float = 0.06
    take_up_dispersion: float = 0.001
    take_up_drift: float = 0.001
    delay: tuple[float, ...] = (0.30, 0.22, 0.14, 0.09, 0.06, 0.045, 0.035, 0.03, 0.025, 0.02, 0.015, 0.01, 0.01)
    returning: tuple[float, float] = (3.0, 5.0)
    returning_source: str = ""
    returning_between: float = 0.08
    returning_unlike: float = 0.15
    echo_months: float = 4.0
    spread_area: float = 0.35
    spread_province: float = 0.25
    dispersion: float = 0.02
    drift: float = 0.004
    death_rate: float = 0.0006
    suket_share: float = 0.9
    suket_share_cv: float = 0.1
    suket_months: float = 6.0
    split_share: float = 0.3
    split_share_cv: float = 0.6
    split_months: float = 6.0

    def __post_init__(self) -> None:
        """Refuse what no belief can be. Raises InvalidRate, naming it."""
        for name, rate in self.rates.items():
            if name not in CAUSES:
                raise InvalidRate("{cause} is no cause", mend="name one of the causes", cause=name)
            check_rate(name, rate.mean)
            if not rate.cv > 0:
                raise InvalidRate("the belief in {name} has no spread", mend="give a cv above 0", name=name)
        for name in ("take_up", "suket_share", "split_share"):
            check_rate(name, getattr(self, name))
        if min(self.returning) <= 0:
            raise InvalidRate("the returning share has the parameters {found}", mend="give two numbers above 0",
                              found=self.returning)  # fmt: skip
        if min(self.delay) < 0 or sum(self.delay) <= 0:
            raise InvalidRate("delay shares must be from 0 up", mend="give at least one share above 0")


def check_rate(name: str, value: float) -> None:
    """A rate per person and month, or a share. Raises InvalidRate outside 0 to 1."""
    if not 0 <= value <= 1:
        raise InvalidRate("{name} is {value}", mend="give a rate between 0 and 1", name=name, value=value)


def nation(replaced_a_year: float = REPLACED_A_YEAR) -> Priors:
    """The beliefs of 2017. ``replaced_a_year`` are the cards a year beside those who turn 17.

    The minister spoke of 5 million a year "for people who marry, come of age (17), whose card is damaged or who move".
    4.7 million a year came of age (obliged persons grew from 182,588,494 at the end of 2015 to 189,630,855 in mid
    2017), so either the 5 million hold them and leave well under a million, or they do not. 2.5 million with a
    coefficient of variation of 0.7 covers both. How they fall on causes nobody counted: the shares are estimates.
    """
    if replaced_a_year < 0:
        raise InvalidRate("{value} cards a year", mend="give a number from 0 up", value=replaced_a_year)
    source = "Home Minister, 4 April 2017 (5 M a year); obliged persons of 2015-12-31 and 2017-06-30; shares: estimate"
    shares = {
        "first_card": 0.10,
        "marriage": 0.22,
        "divorce": 0.04,
        "move": 0.20,
        "loss": 0.21,
        "damage": 0.13,
        "change_of_element": 0.10,
    }
    monthly = replaced_a_year / 12 / OBLIGED_2017
    return Priors(
        rates={cause: Rate(mean=max(monthly * share, 1e-9), cv=0.9, source=source) for cause, share in shares.items()},
        returning_source=(
            "National Audit Office (UK), 9 December 2022, Investigation into the performance of HM Passport Office: "
            "5 million applications held back in 2020 and 2021; January to September 2022 brought 7.2 million, a fifth "
            "above the same months of 2019, so about 1.5 million (0.3) had come back"
        ),
    )
