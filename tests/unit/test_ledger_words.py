"""What the owner reads of one entry of the log, in words."""

import pytest

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.vault.ledgerwords import sentence


@pytest.mark.parametrize(
    ("kind", "reason", "words"),
    [
        (EventKind.PROFILE, "other_purpose", "a profile was asked for (refused: other purpose)"),
        (EventKind.RECORD, "no_lease", "a person's records were asked for (refused: no lease)"),
        (EventKind.ACCESS, "a token was refused", "somebody called (refused: a token was refused)"),
        (EventKind.SEARCH, "", "a search (refused)"),
    ],
)
def test_a_refusal_says_what_was_wanted_and_why_it_was_refused(
    kind: EventKind, reason: str, words: str
) -> None:
    event = Event(kind=kind, actor=Actor.APP, outcome=Outcome.DENIED, reason=reason or None)

    said = sentence(event)

    assert said == words if reason else said.endswith(" (refused)")


def test_what_was_done_is_said_with_its_reason() -> None:
    event = Event(kind=EventKind.PROFILE, actor=Actor.APP, reason="read")

    assert sentence(event) == "a profile was read"


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.name)
def test_each_kind_of_entry_has_words(kind: EventKind) -> None:
    event = Event(kind=kind, actor=Actor.VAULT, reason="began", rows_read=3, rows_out=4)

    assert sentence(event)
