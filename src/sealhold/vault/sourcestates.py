"""What becomes of a source: when it could not be read, and when its shape is accepted.

- A place that is away is tried again after 1, 5 and 30 minutes, then every 6 hours.
- One that refuses its account waits for its owner, as does one with another shape.

Source: docs/spec/36-sources.md section 4.
"""

from collections.abc import Sequence
from dataclasses import replace

from sealhold.connectors.pulling import Puller
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    InvalidError,
    LoginNeededError,
    SealholdError,
    SourceChangedError,
)
from sealhold.model.quantities import HOUR, Instant
from sealhold.vault.catalogue import ARCHIVE, FEDERATE, SourceRow

PAUSED, BROKEN, NEEDS_LOGIN, FAILED = "paused", "broken", "needs_login", "failed"
AWAY = frozenset({PAUSED, BROKEN, NEEDS_LOGIN, FAILED})  # states of one that is not reached
REMOVED = "removed"  # why one that was forgotten is not read
PUSH = "push"  # the kind of a source that is not read: it is written to
WAITS = (60_000, 300_000, 1_800_000)  # milliseconds until the first tries again
LATER = 6 * HOUR  # until those after them


def failed(source: SourceRow, err: SealholdError, now: Instant) -> SourceRow:
    """Return a source that was not read, with when it is tried again."""
    match err:
        case LoginNeededError():
            state = NEEDS_LOGIN
        case SourceChangedError():
            state = BROKEN
        case _:
            state = FAILED
    wait = WAITS[source.tries] if source.tries < len(WAITS) else LATER
    again = Instant(now + wait) if state == FAILED else None
    return replace(source, state=state, why=str(err), tries=source.tries + 1, due=again)


def reached(source: SourceRow, now: Instant, **more: object) -> SourceRow:
    """Return a source that was read, or looked at."""
    back = replace(source, reached=now, state="", why="", tries=0, due=None)
    return replace(back, **more)  # type: ignore[arg-type]  # reason: names of fields


def removed(source: SourceRow) -> SourceRow:
    """Return what stays of a source that its owner forgot: whence its items are, and as what."""
    kept = {name: source.settings[name] for name in ("place", "dataset") if name in source.settings}
    return SourceRow(
        id=source.id,
        name=source.name,
        connector=source.connector,
        state=PAUSED,
        why=REMOVED,
        settings=kept,
        reached=source.reached,
    )


def is_removed(source: SourceRow) -> bool:
    """Return whether its owner forgot a source."""
    return not source.named and source.why == REMOVED


def removed_from(sources: Sequence[SourceRow], kind: str, place: Plain) -> SourceRow | None:
    """Return the source of that kind that was at a place before it was forgotten."""
    gone = (each for each in sources if is_removed(each) and each.connector == kind)
    return next((each for each in gone if each.settings.get("place") == place), None)


def asked_anew(source: SourceRow, puller: Puller) -> dict[str, Plain]:
    """Return what the owner said of a source, without what was found out when it was added."""
    known = puller.options.keys() | {"place"}
    asked = {name: value for name, value in source.settings.items() if name in known}
    told = source.settings.get("dataset")
    if isinstance(told, dict):
        asked["dataset"] = str(told["name"])
    return asked


def check_mode(mode: str) -> None:
    """See that there is such a mode.

    Raises:
        InvalidError: there is none.
    """
    if mode not in (ARCHIVE, FEDERATE):
        raise InvalidError(f"a source is kept (`{ARCHIVE}`) or left in place (`{FEDERATE}`)")
