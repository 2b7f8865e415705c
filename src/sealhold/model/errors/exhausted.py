"""Exhausted: a budget is used up.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


class ExhaustedError(SealholdError):
    """A budget or limit is used up.

    Remedy: raise the limit, or wait until its term ends.
    """

    kind = ErrorKind.EXHAUSTED


class LeakExhaustedError(ExhaustedError):
    """The task would reveal more than the owner allowed.

    Remedy: ask for a coarser answer (fewer possible results), or ask the owner for a larger
    budget.
    """


class NoiseExhaustedError(ExhaustedError):
    """Blurred answers would add up to a sharper one than a year allows.

    Remedy: ask with a smaller epsilon, or wait until the year ends.
    """
