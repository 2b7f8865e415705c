"""Two closed sets of words that shares, and papers about them, are written in.

- They stand by themselves, since receipts are read where no share is.

Source: docs/spec/49-sharing.md sections 1 and 5.
"""

from enum import IntEnum, StrEnum


class Action(StrEnum):
    """What may be done with what is shared."""

    VIEW = "view"
    SEARCH = "search"
    COMPUTE = "compute"  # a program reads it
    EDIT = "edit"
    EXPORT = "export"  # a copy outside the recipient's vault
    RESHARE = "reshare"


class Tier(IntEnum):
    """By what the clauses hold, from nothing to all; the value is the digit that people see."""

    COPY = 0  # whoever has it does with it what they like
    THEIR_NODE = 1  # the recipient's own program decides
    KEY_PER_USE = 2  # each use needs a key that a device of the owner's releases
    ANSWER = 3  # a program runs at the owner's; the data stays

    @property
    def word(self) -> str:
        """The tier as documents write it: `T2`."""
        return f"T{self.value}"
