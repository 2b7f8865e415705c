"""The pullers: how each kind of place that an owner may name is read.

- A puller is found by its kind, and loaded when a source of that kind is first read.

Source: docs/spec/36-sources.md section 3.
"""

from collections.abc import Callable, Mapping

from sealhold.connectors.pulling import Puller
from sealhold.model.clock import Clock
from sealhold.model.errors import InvalidError


def _folder() -> Puller:
    from sealhold.compute.pullers.folder import FolderPuller  # noqa: PLC0415  # reason: on demand

    return FolderPuller()


def _drop(clock: Clock) -> Puller:
    from sealhold.compute.pullers.drop import DropPuller  # noqa: PLC0415  # reason: on demand

    return DropPuller(clock)


def _imap() -> Puller:
    from sealhold.compute.pullers.imap import ImapPuller  # noqa: PLC0415  # reason: on demand

    return ImapPuller()


def _http() -> Puller:
    from sealhold.compute.pullers.http import HttpPuller  # noqa: PLC0415  # reason: on demand

    return HttpPuller()


def _caldav() -> Puller:
    from sealhold.compute.pullers.dav import CalDavPuller  # noqa: PLC0415  # reason: on demand

    return CalDavPuller()


def _carddav() -> Puller:
    from sealhold.compute.pullers.dav import CardDavPuller  # noqa: PLC0415  # reason: on demand

    return CardDavPuller()


def _push() -> Puller:
    from sealhold.compute.pullers.push import PushPuller  # noqa: PLC0415  # reason: on demand

    return PushPuller()


def _postgres() -> Puller:
    from sealhold.compute.pullers.postgres import PostgresPuller  # noqa: PLC0415  # reason: on demand

    return PostgresPuller()


def _sqlite() -> Puller:
    from sealhold.compute.pullers.sqlite import SqlitePuller  # noqa: PLC0415  # reason: on demand

    return SqlitePuller()


def _table() -> Puller:
    from sealhold.compute.pullers.table import TablePuller  # noqa: PLC0415  # reason: on demand

    return TablePuller()


KINDS: Mapping[str, Callable[[], Puller]] = {
    "caldav": _caldav,
    "carddav": _carddav,
    "folder": _folder,
    "http": _http,
    "imap": _imap,
    "postgres": _postgres,
    "push": _push,
    "sqlite": _sqlite,
    "table": _table,
}


TIMED: Mapping[str, Callable[[Clock], Puller]] = {"drop": _drop}  # those that ask what time it is


def puller_of(kind: str, clock: Clock) -> Puller:
    """Return the puller of a kind.

    Raises:
        InvalidError: there is none of that kind.
    """
    if kind in TIMED:
        return TIMED[kind](clock)
    if kind in KINDS:
        return KINDS[kind]()
    raise InvalidError(
        f"no kind of source `{kind}`; there are {', '.join(sorted({*KINDS, *TIMED}))}"
    )


def kinds(clock: Clock) -> list[Puller]:
    """Return the puller of each kind, for who wants to know what there is."""
    return [puller_of(kind, clock) for kind in sorted({*KINDS, *TIMED})]
