"""What is told of other people: contacts, the own card, letters that wait.

Source: docs/spec/51-contacts.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCardView:
    """The card of this vault's owner."""

    id: str  # root id, 64 hex digits
    name: str  # what others are to call the owner
    words: tuple[str, ...]  # twelve, to be read out
    short: str  # what a QR code shows
    text: str  # the whole card, to be sent
    devices: int
    hosts: tuple[str, ...]  # relays at which letters are taken
    troubles: tuple[str, ...]  # places where there is no inbox yet


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactView:
    """Another person."""

    id: str  # root id, 64 hex digits
    name: str  # as the owner calls them
    calls_themselves: str
    standing: str  # verified, unverified or paused
    words: tuple[str, ...]  # that they read out
    other_words: tuple[str, ...]  # of the card that paused them; empty: none did
    devices: int
    hosts: tuple[str, ...]  # relays that letters to them go to
    new_hosts: tuple[str, ...]  # that their newest card names, and the owner did not say yes to
    number: int  # of their newest card: ms since 1970 when it was made


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView:
    """A letter that waits."""

    way: str  # `in`, or `out`
    person: str  # whom it is to, or by; of nobody known what they call themselves
    kind: str
    why: str  # it waits
    sender: str  # root id, 64 hex digits; of `out` empty
    words: tuple[str, ...]  # of a sender who is not known
    size: int  # bytes of its body; of `out` 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """What came of a look at letters."""

    taken: int
    left: int
    kept: int
    refused: int
    troubles: tuple[str, ...]
