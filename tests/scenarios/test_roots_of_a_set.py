"""What a proof commits to of the objects: as they stood when the set was chosen, read once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sealhold.compute.compliance import inputs_root
from sealhold.compute.members import FROZEN, Roots, frozen, roots_of
from sealhold.crypto.digest import fingerprint
from sealhold.model.ids import GrantId
from sealhold.node import Node
from sealhold.stores.spec import Delete, Found, Key
from sealhold.vault.owned import RECORDS
from sealhold.vault.writer import Work
from tests.attack.ledger_probe import entry
from tests.scenarios.vaults import Asker, Job, calendar, new_home, opened

GREEN = ["green 1", "red 2", "green 3"]


def filled(folder: Path) -> Path:
    home = new_home(folder / "home")
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "c.ics", GREEN)])
    return home


def grant_of(node: Node) -> GrantId:
    [view] = node.grants.list()
    return view.id


def roots(node: Node, grant: GrantId) -> Roots:
    core = node.parts.core
    return roots_of(core, grant, 0, frozen(core, grant, 0))


def from_the_rows(node: Node, grant: GrantId) -> Roots:
    """Work the roots out from the records as they stand in the store now."""
    core = node.parts.core
    keys = [(member.record,) for member in frozen(core, grant, 0)]
    there = [row for row in core.store.get(RECORDS.name, keys) if row is not None]
    return Roots(
        inputs=inputs_root(fingerprint(row.row[-1]) for row in there),
        provenance=inputs_root({row.row[6] for row in there}),
    )


def test_the_roots_are_those_of_the_sealed_objects_that_were_chosen(tmp_path: Path) -> None:
    with opened(filled(tmp_path)) as node:
        Asker(node).granted(node, Job())
        grant = grant_of(node)

        assert roots(node, grant) == from_the_rows(node, grant)


def test_an_object_that_changes_later_changes_no_root(tmp_path: Path) -> None:
    with opened(filled(tmp_path)) as node:
        Asker(node).granted(node, Job())
        grant = grant_of(node)
        before = roots(node, grant)

        node.sources.import_paths([calendar(tmp_path / "d.ics", ["red 1", *GREEN[1:]])])

        assert from_the_rows(node, grant) != before
        assert roots(node, grant) == before


def test_a_set_that_was_kept_without_roots_is_looked_at_now(tmp_path: Path) -> None:
    with opened(filled(tmp_path)) as node:
        asker = Asker(node)
        granted = asker.granted(node, Job())
        grant = grant_of(node)
        before = roots(node, grant)
        gone = Delete(FROZEN.name, (grant, 0, -1))
        node.parts.core.writer.commit(Work((gone,), (entry(node),)))

        assert roots(node, grant) == before
        assert node.runs.run(granted).value == 2


def test_an_answer_from_kept_values_reads_no_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(filled(tmp_path)) as node:
        granted = Asker(node).granted(node, Job())  # evaluated ahead
        read: list[str] = []
        store = node.parts.core.store
        plain = store.get

        def get(table: str, keys: Sequence[Key]) -> list[Found | None]:
            read.append(table)
            return plain(table, keys)

        monkeypatch.setattr(store, "get", get)
        answer = node.runs.run(granted)

    assert answer.value == 2
    assert FROZEN.name in read
    assert RECORDS.name not in read
