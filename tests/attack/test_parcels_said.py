"""Exports that claim what nobody said, in the hands of whoever takes them in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sealhold.model.errors import DeniedError, InvalidError
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.processing import ChoiceState
from sealhold.model.quantities import DAY
from sealhold.vault.bringing import Bringing
from sealhold.vault.deciding import scan_all
from sealhold.vault.processings import Processing
from sealhold.vault.says import CHOICES
from sealhold.vault.subjects import SUBJECTS
from tests.attack.test_parcels import KEY, PROFILE, parcel
from tests.unit.memory_vault import NOON
from tests.unit.processing_vault import Stage, stage

CONSENT = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


@pytest.fixture(scope="module")
def found(on: Stage) -> Processing:
    return on.processing()


def event(found: Processing, **changed: Any) -> dict[str, Any]:  # noqa: ANN401  # reason: JSON
    about = {
        "consent": CONSENT, "state": "ConsentGiven", "at": NOON - DAY, "by": "subject",
        "notice": found.notice.hex(), "starts": 0, "ends": NOON + 1_000 * DAY,
    }  # fmt: skip
    return {**about, **changed}


def line(found: Processing, n: int = 1, **changed: Any) -> dict[str, Any]:  # noqa: ANN401  # reason: JSON
    about = {
        "n": n, "what": "consent", "at": NOON - DAY, "by": "subject", "purpose": "",
        "processing": canonical(found.id), "event": event(found), "version": 1, "shown": None,
        "way": "link",
    }  # fmt: skip
    return {**about, **changed}


def bring(on: Stage, *lines: dict[str, Any]) -> SubjectId:
    files = {"profile.json": json.dumps(PROFILE).encode(), "said.json": json.dumps(lines).encode()}
    many = on.many
    bringing = Bringing(many.vault.core, on.uses, many.people)
    return bringing.bring(many.one, parcel(files), KEY.public).subject


@pytest.mark.threat("T324")
@pytest.mark.parametrize(
    "claimed",
    ["given", "renewed", "given by the vault", "given twice", "from now on", "unknown, then given"],
)
def test_a_yes_that_was_written_into_a_file_permits_nothing(
    on: Stage, found: Processing, claimed: str
) -> None:
    renewed = event(found, state="RenewedConsentGiven")
    lost = event(found, state="ConsentUnknown", by="vault")
    told = {
        "given": [line(found)],
        "renewed": [line(found), line(found, 2, event=renewed)],
        "given by the vault": [line(found, by="vault", event=event(found, by="vault"))],
        "given twice": [
            line(found),
            line(found, 2, event=event(found, consent=CONSENT.replace("1", "2"))),
        ],
        "from now on": [
            line(found, at=NOON + DAY, event=event(found, at=NOON + DAY, starts=NOON + DAY))
        ],
        "unknown, then given": [line(found, event=lost), line(found, 2, event=renewed)],
    }[claimed]

    subject = bring(on, *told)

    assert on.choice(subject, found).state is ChoiceState.PENDING
    lease = on.run(found).lease
    with pytest.raises(DeniedError):
        on.read(lease, subject)
    states = {each.row[3] for each in scan_all(on.many.store, CHOICES) if each.row[0] == subject}
    assert not states & {"ConsentGiven", "RenewedConsentGiven"}


@pytest.mark.threat("T324")
@pytest.mark.parametrize(
    "changed",
    [
        {"n": 2},
        {"what": "consented"},
        {"what": "objected"},
        {"what": "objected", "processing": None, "event": None, "purpose": "No such purpose"},
        {"processing": None},
        {"event": None},
        {"processing": "x"},
        {"at": -1},
        {"at": NOON + 2 * DAY},
        {"version": 2**53},
        {"way": "x" * 65},
        {"way": "a\nb"},
        {"more": 1},
        {"by": "nobody"},
        {"shown": {"digest": "00", "language": "de", "version": "1"}},
    ],
)
def test_what_is_no_event_leaves_nobody(
    on: Stage, found: Processing, changed: dict[str, Any]
) -> None:
    before = sum(1 for _ in scan_all(on.many.store, SUBJECTS))

    with pytest.raises(InvalidError):
        bring(on, line(found, **changed))

    assert sum(1 for _ in scan_all(on.many.store, SUBJECTS)) == before


@pytest.mark.threat("T324")
def test_more_events_than_anybody_has_leave_nobody(on: Stage, found: Processing) -> None:
    before = sum(1 for _ in scan_all(on.many.store, SUBJECTS))

    with pytest.raises(InvalidError):
        bring(on, *(line(found, n) for n in range(1, 2_002)))

    assert sum(1 for _ in scan_all(on.many.store, SUBJECTS)) == before
