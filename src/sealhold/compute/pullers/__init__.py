"""The pullers: how each kind of place that an owner may name is read.

- A puller is found by its kind, and loaded when a source of that kind is first read.

Source: docs/spec/36-sources.md section 3.
"""

from collections.abc import Callable, Mapping

from sealhold.connectors.pulling import Puller
from sealhold.model.errors import InvalidError


def _folder() -> Puller:
    from sealhold.compute.pullers.folder import FolderPuller  # noqa: PLC0415  # reason: on demand

    return FolderPuller()


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
    "folder": _folder,
    "postgres": _postgres,
    "sqlite": _sqlite,
    "table": _table,
}


def puller_of(kind: str) -> Puller:
    """Return the puller of a kind.

    Raises:
        InvalidError: there is none of that kind.
    """
    if kind not in KINDS:
        raise InvalidError(f"no kind of source `{kind}`; there are {', '.join(sorted(KINDS))}")
    return KINDS[kind]()


def kinds() -> list[Puller]:
    """Return the puller of each kind, for who wants to know what there is."""
    return [puller_of(kind) for kind in sorted(KINDS)]
