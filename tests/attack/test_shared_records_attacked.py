"""What a recipient can open of shared records, whatever they try: the rules, and nothing finer."""

from pathlib import Path

import pytest

from sealhold.model.errors import DeniedError
from sealhold.node.devicework import DeviceWork
from sealhold.node.shareforms import ChangeForm, changed_clauses
from sealhold.node.sharework import ShareWork
from tests.scenarios.met_people import Vault, two_people
from tests.scenarios.shared_walks import accepted, carried, form, read, share, take_in
from tests.scenarios.vaults import opened

pytestmark = pytest.mark.xdist_group("shared records attacked")  # two people meet once

SECRETS = ("doctor", "hidden-uid", "T01:00", "1767229200000", "1767229200")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vault, Vault, Path]:
    folder = tmp_path_factory.mktemp("attacked")
    ada, bo = two_people(folder)
    take_in(ada, folder / "one.ics", ("doctor", "walk at noon"), uid="hidden-uid")
    share(ada, form())
    share(ada, form(count=2, rows="summary = 'walk at noon'"), "counted")
    accepted(ada, bo)
    return ada, bo, folder


def everything(work: DeviceWork, name: str) -> str:
    """Return all that a recipient's keys open in a space: notes, names, and each version."""
    there = work.devices.collection(name)
    state = there.replica.state
    found = [repr(there.about)]
    for kind in ("share", "guest", "invited", "answer", "ask", "use", "receipt"):
        found += [repr(note.told) for _, note in state.notes(kind)]
    for thing, shown in state.tree.shown().items():
        found.append("/".join(shown.path))
        for version in state.versions.of(thing):
            content = state.content(version.id)
            found.append(repr(content))
            found.append(b"".join(there.bodies.read(content)).decode("utf-8", "replace"))
    return "\n".join(found)


@pytest.mark.threat("T566")
@pytest.mark.threat("T567")
def test_no_row_outside_the_filter_no_field_left_out_and_no_finer_time_arrives(
    people: tuple[Vault, Vault, Path],
) -> None:
    ada, bo, _ = people
    with bo.work() as work:
        told = everything(work, "walks") + everything(work, "counted")
    assert "walk at noon" in told
    assert [each for each in SECRETS if each in told] == []
    with ada.work() as work:
        records = [ShareWork(work).record(each) for each in ("walks", "counted")]
        ids = [one.id for each in records for one in ShareWork(work).records.every(each.clauses)]
    assert ids
    assert [each for each in ids if each.hex() in told or repr(bytes(each)) in told] == []


@pytest.mark.threat("T567")
def test_at_t2_neither_name_nor_content_tells_of_a_record_before_a_use(
    people: tuple[Vault, Vault, Path],
) -> None:
    _, bo, _ = people
    with bo.work() as work:
        told = everything(work, "counted")
    assert "walk at noon" not in told.replace("summary = ", "")
    assert "SHT2" in told


@pytest.mark.threat("T568")
def test_what_was_shown_before_a_field_was_left_out_is_not_in_the_space_any_more(
    people: tuple[Vault, Vault, Path],
) -> None:
    ada, bo, _ = people
    with bo.work() as work:
        assert '"component": "VEVENT"' in everything(work, "walks")
    changed(ada, "walks", ChangeForm(omit=("uid", "end", "offset_min", "zone", "component")))
    carried(ada, bo)
    with bo.work() as work:
        told = everything(work, "walks")
    assert "walk at noon" in told
    assert "VEVENT" not in told


@pytest.mark.threat("T568")
def test_a_change_of_the_count_gives_no_use_back(people: tuple[Vault, Vault, Path]) -> None:
    ada, bo, _ = people
    assert used(ada, bo) is not None
    changed(ada, "counted", ChangeForm(count=1))
    with pytest.raises(DeniedError):
        used(ada, bo)
    changed(ada, "counted", ChangeForm(count=2))
    assert used(ada, bo) is not None
    with pytest.raises(DeniedError):
        used(ada, bo)
    with opened(ada.home) as node:
        told = [each.reason for each in node.audit.lines() if each.reason == "count changed"]
    assert len(told) == 2


def changed(vault: Vault, name: str, wanted: ChangeForm) -> None:
    with vault.work() as work:
        shares = ShareWork(work)
        record = shares.changeable(shares.record(name))
        draft = shares.draft(name, changed_clauses(record.clauses, wanted), instead=record)
        shares.change(draft, draft.effect.digest, draft.found)


def used(ada: Vault, bo: Vault) -> object:
    """Ask for the counted record, have the ask answered, and return what comes."""
    assert list(read(bo, "counted").values()) == [None]
    assert bo.sync() == ()
    carried(ada, bo)
    (found,) = read(bo, "counted").values()
    return found
