"""Snapshots as their owner looks at them: listed, shown, compared.

- Whatever is told of one, the whole chain was checked before.

Source: docs/spec/46-snapshots.md.
"""

from collections.abc import Sequence
from typing import Any

from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import JobId, canonical
from sealhold.model.shown.snapshots import ChangeView, PathView, SnapshotView
from sealhold.vault.core import Core
from sealhold.vault.snapshots import UPGRADE, Snapshot, chain_of, keep
from sealhold.vault.snapshotted import month_of


class Snapshots:
    """The snapshots of an open vault."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def keep(self) -> bool:
        """Make one if something changed; return whether one was made.

        Raises:
            TamperedError: the newest one is not what was signed.
            AuditUnavailableError: the log cannot be written.
        """
        return keep(self._core)

    def list(self) -> tuple[SnapshotView, ...]:
        """Return every snapshot, the newest first.

        Raises:
            TamperedError: one is not what was kept.
        """
        return tuple(map(_view, self._checked()))

    def show(self, text: str) -> tuple[SnapshotView, tuple[PathView, ...]]:
        """Return one snapshot, by number or the beginning of its id, and each of its paths.

        Raises:
            NotFoundError: there is none.
            TamperedError: one is not what was kept.
        """
        found, chain = self._find(text), chain_of(self._core)
        paths = sorted(chain.paths(found).items())
        return _view(found), tuple(
            PathView(path=path, digest=name.hex(), content=_readable(chain.part(name)))
            for path, name in paths
        )

    def diff(self, one: str, other: str) -> tuple[ChangeView, ...]:
        """Return each path that differs between two snapshots.

        Raises:
            NotFoundError: there is no such snapshot.
            TamperedError: one is not what was kept.
        """
        return self.between(self._find(one), self._find(other))

    def between(self, one: Snapshot, other: Snapshot) -> tuple[ChangeView, ...]:
        """Return each path that differs between two snapshots, the first before the second."""
        chain = chain_of(self._core)
        before, after = chain.paths(one), chain.paths(other)
        changed = [p for p in sorted(before.keys() | after.keys()) if before.get(p) != after.get(p)]

        def content(name: bytes | None) -> Plain:
            return None if name is None else _readable(chain.part(name))

        return tuple(
            ChangeView(
                path=path,
                change=_word(path in before, path in after),
                before=content(before.get(path)),
                after=content(after.get(path)),
            )
            for path in changed
        )

    def before_upgrade(self, form: int) -> Snapshot:
        """Return the newest snapshot that was made for an upgrade to `form`.

        Raises:
            NotFoundError: there is none: the rows never had an older form.
            TamperedError: one is not what was kept.
        """
        for each in self._checked():
            if UPGRADE in each.causes and each.form < form:
                return each
        raise NotFoundError("this vault was never brought here from an older form")

    def newest(self) -> Snapshot | None:
        """Return the newest, of a chain that holds together."""
        return next(iter(self._checked()), None)

    def telling_of(self, jobs: set[JobId]) -> dict[JobId, int]:
        """Return the number of the first snapshot that tells of each reading, if there is one.

        Raises:
            TamperedError: one is not what was kept.
        """
        chain, found = chain_of(self._core), dict[JobId, int]()
        listed: dict[bytes, frozenset[str]] = {}  # a month's part, and the readings in it
        for each in self._checked():
            if "imports" not in each.areas:
                continue
            months = chain.part(each.areas["imports"])
            for job in jobs:
                part = months.get(month_of(job))
                if part is not None and part not in listed:
                    listed[part] = frozenset(chain.part(part))
                if part is not None and canonical(job) in listed[part]:
                    found[job] = each.number
        return found

    def _checked(self) -> Sequence[Snapshot]:
        chain = chain_of(self._core)
        chain.check()
        return tuple(chain.walk())

    def _find(self, text: str) -> Snapshot:
        for each in self._checked():
            if text == str(each.number) or (
                len(text) >= _SHORTEST and each.id.hex().startswith(text)
            ):
                return each
        raise NotFoundError(f"no snapshot `{text}`")


_SHORTEST = 8  # hex digits of an id: fewer could be a number


def _view(snapshot: Snapshot) -> SnapshotView:
    return SnapshotView(
        number=snapshot.number,
        id=snapshot.id.hex(),
        parent=snapshot.parent.hex(),
        at=snapshot.at,
        causes=snapshot.causes,
        version=snapshot.version,
        form=snapshot.form,
        lost=snapshot.lost,
        signer=snapshot.signer,
        areas=tuple(sorted(snapshot.areas)),
    )


def _word(was: bool, is_: bool) -> str:  # noqa: FBT001  # reason: two of a kind
    return "changed" if was and is_ else "added" if is_ else "removed"


def _readable(value: Any) -> Plain:  # noqa: ANN401  # reason: a tree of plain values
    """Return a tree whose bytes are hex digits."""
    match value:
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_readable(each) for each in value]
        case dict():
            return {str(key): _readable(each) for key, each in value.items()}
        case _:
            return value
