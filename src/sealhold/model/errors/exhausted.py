"""Exhausted: a budget is used up.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


class ExhaustedError(SealholdError):
    """A budget or limit is used up.

    Remedy: raise the limit, or wait until its term ends.
    """

    kind = ErrorKind.EXHAUSTED


class TooFastError(ExhaustedError):
    """A token, or its app, makes more calls in a second than it may.

    Remedy: wait a second and send fewer at a time; `access` in `config.toml` sets the rates.

    Over HTTP: wait as long as `Retry-After` says, and send fewer calls at a time.
    """


class LeakExhaustedError(ExhaustedError):
    """The task would reveal more than the owner allowed.

    Remedy: `sealhold budget set` raises a cap, `sealhold budget show` tells each; or ask for a
    coarser answer.

    Over HTTP: ask for a coarser answer; a higher cap is for the owner to set.
    """


class GrantExhaustedError(LeakExhaustedError):
    """The answer would tell more than this one grant still covers.

    Remedy: have the app ask again; no cap makes a grant wider.
    """


class UsesExhaustedError(ExhaustedError):
    """What is shared was used as often as its owner allowed, or is lent to other devices.

    Remedy: wait for a device to give back what it was lent, or have its owner share it again.
    """


class QuestionsExhaustedError(ExhaustedError):
    """The task was asked as often as its manifest says.

    Remedy: nothing raises this; its author can publish a task that may be asked more often.
    """


class NoiseExhaustedError(ExhaustedError):
    """Blurred answers would add up to a sharper one than a year allows.

    Remedy: ask with a smaller epsilon, or wait until the year ends.
    """
