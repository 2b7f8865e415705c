"""A file, a folder, all of it put back to a time: as it was then, and nothing is lost by it."""

import random
from collections.abc import Callable

import pytest

from sealhold.model.errors import AuditUnavailableError, NotFoundError
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices import restoring, tending
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.treeops import ROOT
from tests.unit.aged_devices import aged, rewrite
from tests.unit.owned_devices import Machine


def folder(one: Machine, name: str, parent: bytes = ROOT) -> bytes:
    draft = Draft(one.files().replica)
    thing = draft.add(name, parent, is_folder=True)
    draft.commit()
    return thing


def moved(one: Machine, thing: bytes, parent: bytes | None, name: str | None) -> None:
    draft = Draft(one.files().replica)
    draft.move(thing, parent, name)
    draft.commit()


def deleted(one: Machine, *things: bytes) -> None:
    draft = Draft(one.files().replica)
    for each in things:
        draft.delete(each)
    draft.commit()


def everything(one: Machine) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Return files and folders by the names that were given: equal ones are shown by turns."""
    state = one.files().replica.state
    files, folders = list[tuple[str, bytes]](), list[str]()
    for thing, each in state.tree.shown(state.versions.edited_over_deletes()).items():
        path, standing = restoring.path_of(state.tree, thing), state.versions.standing(thing).shown
        if each.is_folder:
            folders.append(path)
        elif standing is not None:
            content = state.content(standing.id)
            files.append((path, b"".join(one.files().bodies.read(content))))
    return sorted(files), sorted(folders)


def restore(one: Machine, at: int, path: str = "", *, exact: bool = False) -> restoring.Plan:
    opened = one.files()
    top = restoring.find(opened, path, Instant(at)) if path else None
    plan = restoring.plan(opened, Instant(at), top, exact=exact)
    restoring.carry_out(opened, plan)
    return plan


def step(one: Machine, made: random.Random, things: list[bytes], folders: list[bytes]) -> None:
    """Do something that a person might."""
    kind = made.randrange(6)
    if kind == 0 or not things:
        thing = one.write(f"file {made.randrange(5)}", made.randbytes(20))
        moved(one, thing, made.choice([ROOT, *folders]), None)
        things.append(thing)
    elif kind == 1:
        folders.append(folder(one, f"folder {made.randrange(3)}", made.choice([ROOT, *folders])))
    elif kind == 2:
        rewrite(one, made.choice(things), made.randbytes(20))
    elif kind == 3:
        deleted(one, made.choice(things))
    elif kind == 4:
        thing = made.choice(things + folders)
        others = [each for each in folders if each != thing]
        moved(one, thing, made.choice([ROOT, *others]), None)
    else:
        moved(one, made.choice(things + folders), None, f"name {made.randrange(5)}")


@pytest.mark.parametrize("seed", range(6))
def test_all_of_it_put_back_is_all_that_was_there(seed: int) -> None:
    made = random.Random(seed)
    with aged(1) as ((one,), time):
        things, folders = list[bytes](), list[bytes]()
        stood: list[tuple[int, object]] = []
        for _ in range(25):
            step(one, made, things, folders)
            stood.append((time.now, everything(one)))
        there = [(at, was) for at, was in stood if was != ([], [])]
        for at, was in made.choices(there, k=6):
            plan = restore(one, at, exact=True)
            assert plan.lost == ()
            assert everything(one) == was
            stood.append((time.now, was))
        one.again()
        assert everything(one) == was


def test_what_was_made_since_stays_unless_it_is_to_go_and_then_its_versions_stay() -> None:
    with aged(1) as ((one,), time):
        thing = one.write("a.txt", b"first")
        then = time.now
        rewrite(one, thing, b"second")
        fresh = one.write("b.txt", b"since")
        plan = restore(one, then)
        assert [path for _, path in plan.made_since] == ["b.txt"]
        assert one.shown() == {"a.txt": b"first", "b.txt": b"since"}
        restore(one, then, exact=True)
        assert one.shown() == {"a.txt": b"first"}
        state = one.files().replica.state
        texts = {state.content(each.id).inline for each in state.versions.of(thing)}
        assert texts == {b"first", b"second"}
        assert any(each.content is not None for each in state.versions.of(fresh))


def test_a_file_comes_back_into_a_folder_that_was_deleted_and_alone() -> None:
    with aged(1) as ((one,), time):
        top = folder(one, "top")
        low = folder(one, "low", top)
        found = [one.write(name, name.encode()) for name in ("a", "b")]
        for each in found:
            moved(one, each, low, None)
        then = time.now
        deleted(one, *found, low, top)
        assert one.shown() == {}
        restore(one, then, "top/low/a")
        assert everything(one) == ([("top/low/a", b"a")], ["top", "top/low"])


def test_a_folder_whose_own_folder_lies_in_it_by_now_is_put_back_without_a_circle() -> None:
    with aged(1) as ((one,), time):
        outer = folder(one, "outer")
        inner = folder(one, "inner", outer)
        thing = one.write("a", b"text")
        moved(one, thing, inner, None)
        then = time.now
        moved(one, inner, ROOT, None)
        moved(one, outer, inner, None)
        restore(one, then, "outer/inner")
        files, _ = everything(one)
        assert [text for _, text in files] == [b"text"]
        restore(one, then)
        assert everything(one) == ([("outer/inner/a", b"text")], ["outer", "outer/inner"])


def test_what_was_erased_or_thinned_is_told_and_nothing_stood_before_there_was_anything() -> None:
    with aged(1) as ((one,), time):
        before = time.now
        thing, other = one.write("a", b"1"), one.write("b", b"2")
        then = time.now
        rewrite(one, thing, b"3")
        rewrite(one, thing, b"4")
        one.files().replica.erase([other], one.files().replica.circle.current_bag())
        time.now += 40 * DAY
        thin(one)
        plan = restore(one, then)
        assert len(plan.lost) == 2
        assert one.shown() == {"a": b"4"}
        for exact in (False, True):
            with pytest.raises(NotFoundError):
                restore(one, before, exact=exact)
        with pytest.raises(NotFoundError):
            restoring.find(one.files(), "nothing")
        assert one.shown() == {"a": b"4"}


def thin(one: Machine) -> None:
    assert tending.tend(one.devices, one.files(), []).thinned == 2


def test_a_kill_leaves_a_restore_undone_or_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with aged(1) as ((one,), time):
        made, things, folders = random.Random(7), list[bytes](), list[bytes]()
        for _ in range(20):
            step(one, made, things, folders)
        then, was = time.now, everything(one)
        for _ in range(12):
            step(one, made, things, folders)
        now = everything(one)
        killed = 0
        for number in range(10):
            with monkeypatch.context() as patch:
                calls = dying(one, patch, number)
                try:
                    restore(one, then, exact=True)
                except AuditUnavailableError:
                    killed += 1
                    one.again()
                    assert everything(one) in (now, was)
                    if calls() <= number:
                        break
                else:
                    break
        assert killed >= 2
        one.again()
        restore(one, then, exact=True)
        assert everything(one) == was


def dying(one: Machine, patch: pytest.MonkeyPatch, number: int) -> Callable[[], int]:
    """Have the writer die at its `number`th step from here: before it is durable, or just after."""
    keeping = type(one.devices.keeping)
    real, seen = keeping._write, [0]

    def write(self: object, ops: object, reason: object = None) -> None:
        at = seen[0]
        seen[0] += 2
        if at == number:
            raise AuditUnavailableError("killed before")
        real(self, ops, reason)  # type: ignore[arg-type]  # reason: as it was called
        if at + 1 == number:
            raise AuditUnavailableError("killed after")

    patch.setattr(keeping, "_write", write)
    return lambda: seen[0]
