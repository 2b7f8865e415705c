"""The story, one file per step: what is done, and what must then be so.

A step's id never changes its meaning; a step exists once its part of the product does.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sealhold.demo.stage import Facts, Stage
from sealhold.demo.steps import s01_start, s02_home, s03_bonus, s04_verify, s13_tamper, s14_own


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story."""

    id: str
    title: str
    run: Callable[[Stage], Facts]


STEPS = (
    Step("S01", "a year of data, read in and sealed", s01_start.run),
    Step("S02", "a full first screen", s02_home.run),
    Step("S03", "the green bonus: asked, looked at, allowed once", s03_bonus.run),
    Step("S04", "the answer's proof and the log, verified", s04_verify.run),
    Step("S13", "one flipped byte is found", s13_tamper.run),
    Step("S14", "make it yours", s14_own.run),
)
