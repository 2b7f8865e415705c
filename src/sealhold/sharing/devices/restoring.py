"""Putting a file, a folder or a collection back to how it stood at a time.

- What is done is computed first and shown; then it is written down in one step: new places and new
  versions that follow what stands. Nothing is overwritten, so a restore can be undone by another.
- What was made since stays and is told, unless it is asked to go.

Source: docs/spec/47-folders.md section 9.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sealhold.model.errors import NotFoundError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.conflict import Version
from sealhold.sharing.devices.contents import Kind
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.history import Restored, restored, tree_at
from sealhold.sharing.devices.namespace import Place, Shown, Tree
from sealhold.sharing.devices.state import State
from sealhold.sharing.devices.treeops import ROOT

FILES = frozenset({Kind.FILE, Kind.LINK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What becomes of one file or folder."""

    object: bytes
    path: str  # where it lay then
    is_folder: bool
    comes_back: bool  # it was deleted since
    place: tuple[bytes, str] | None  # the folder and name that it gets; None: it stays
    version: Version | None  # what it shows again; None: what it shows stays
    size: int = 0  # bytes of that


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a restore does."""

    at: Instant
    steps: tuple[Step, ...]  # folders before what they hold
    same: int  # files that are as they were then
    made_since: tuple[tuple[bytes, str], ...]  # objects and paths, deepest first
    goes: bool  # whether what was made since is deleted
    lost: tuple[str, ...]  # paths whose content was thinned or erased


@dataclass(slots=True)
class _Planning:
    state: State
    then: Tree
    now: Mapping[bytes, Shown]
    steps: list[Step] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    same: int = 0


def plan(opened: Open, at: Instant, top: bytes | None = None, *, exact: bool = False) -> Plan:
    """Return what would put a collection, or a part of it, back to how it stood.

    Args:
        opened: the collection.
        at: the time.
        top: the folder or file that is meant; None: all of it.
        exact: whether what was made since goes.

    Raises:
        NotFoundError: nothing of it stood there at that time.
    """
    state = opened.replica.state
    gone = state.thinned.of(state.versions)
    ops = state.tree.ops()
    was = restored(ops, state.versions.of, at, top=top, dropped=gone)
    if not was.shown:
        raise NotFoundError("nothing of it stood there at that time")
    planning = _Planning(state, tree_at(ops, at), _shown(state))
    for thing in _above(planning, top):
        planning.steps.append(_back(planning, thing))
    for thing, each in was.shown.items():
        path = "/".join(each.path)
        version = was.versions.get(thing)
        if thing in state.erased or thing in was.dropped:
            planning.lost.append(path)
        elif each.is_folder or _is_file(state, version):
            _plan(planning, thing, each, version, top)
    since = [
        (thing, "/".join(each.path))
        for thing, each in planning.now.items()
        if not _was_there(was, thing) and (top is None or is_below(state.tree, thing, top))
    ]
    since = [one for one in since if planning.now[one[0]].is_folder or _stands(state, one[0])]
    return Plan(
        at=at,
        steps=tuple(planning.steps),
        same=planning.same,
        made_since=tuple(sorted(since, key=lambda one: (-one[1].count("/"), one[1]))),
        goes=exact,
        lost=tuple(sorted(planning.lost)),
    )


def carry_out(opened: Open, plan: Plan) -> None:
    """Do what a plan says, in one step that is durable on return.

    Raises:
        NoEpochError: nothing can be written now; nothing was.
        AuditUnavailableError: likewise.
    """
    state, draft = opened.replica.state, Draft(opened.replica)
    for each in plan.steps:
        if each.place is not None:
            draft.move(each.object, *each.place)
        if each.version is not None:
            # INVARIANT: what stands is followed, so it stays in the history
            heads = state.versions.standing(each.object).heads
            draft.put(each.object, state.content(each.version.id), heads)
    for thing, _ in plan.made_since if plan.goes else ():
        draft.delete(thing)
    draft.commit()


def find(opened: Open, path: str, at: Instant | None = None) -> bytes:
    """Return the object that is, or at a time was, at a path; else one that was deleted there.

    Raises:
        NotFoundError: there is none.
    """
    state = opened.replica.state
    trees = [] if at is None else [tree_at(state.tree.ops(), at)]
    for tree in (*trees, state.tree):
        for thing, each in tree.shown(state.versions.edited_over_deletes()).items():
            if "/".join(each.path) == path and thing not in state.erased:
                return thing
    gone = [
        (place.order, thing)
        for thing in state.tree.objects()
        if (place := state.tree.place_of(thing)) is not None
        and thing not in state.erased
        and path_of(state.tree, thing) == path
    ]
    if not gone:
        raise NotFoundError(f"there is no `{path}`, and was none")
    return max(gone)[1]


def path_of(tree: Tree, thing: bytes) -> str:
    """Return where a thing lies, or lay when it was deleted, by the names that were given."""
    names: list[str] = []
    here: bytes | None = thing
    while here is not None and here != ROOT:
        place = tree.place_of(here)
        if place is None:
            break
        names.append(place.name or f"unnamed-{here.hex()[:8]}")
        here = place.parent
    return "/".join(reversed(names))


def _was_there(was: Restored, thing: bytes) -> bool:
    """Return whether a file showed a content then, or a folder was there."""
    there = was.shown.get(thing)
    is_file = thing in was.versions or thing in was.dropped
    return there is not None and (there.is_folder or is_file)


def _shown(state: State) -> Mapping[bytes, Shown]:
    return state.tree.shown(state.versions.edited_over_deletes())


def _stands(state: State, thing: bytes) -> bool:
    return state.versions.standing(thing).shown is not None


def _is_file(state: State, version: Version | None) -> bool:
    return version is not None and state.content(version.id).kind in FILES


def _above(planning: _Planning, top: bytes | None) -> list[bytes]:
    """Return the folders that what is meant lay in and that are not there, outermost first."""
    found: list[bytes] = []
    place = None if top is None else planning.then.place_of(top)
    while place is not None and place.parent is not None and place.parent != ROOT:
        if place.parent not in planning.now and place.parent not in planning.state.erased:
            found.append(place.parent)
        place = planning.then.place_of(place.parent)
    return found[::-1]


def _plan(
    planning: _Planning, thing: bytes, then: Shown, version: Version | None, top: bytes | None
) -> None:
    state = planning.state
    standing = state.versions.standing(thing).shown
    place = _place_then(planning, thing)
    now = state.tree.place_of(thing)
    is_there = thing in planning.now and now is not None and not now.is_deleted
    is_in_place = is_there and now is not None and (now.parent, now.name) == place
    if thing == top and is_there and place is not None and is_below(state.tree, place[0], thing):
        place = (ROOT, place[1])  # the folder that it lay in lies in it by now
    content = None
    if version is not None and (standing is None or standing.content != version.content):
        content = version
    if is_in_place and content is None:
        planning.same += not then.is_folder
        return
    planning.steps.append(
        Step(
            object=thing,
            path="/".join(then.path),
            is_folder=then.is_folder,
            comes_back=not is_there or (version is not None and standing is None),
            place=None if is_in_place else place,
            version=content,
            size=0 if version is None else state.content(version.id).size,
        )
    )


def _back(planning: _Planning, thing: bytes) -> Step:
    """Return what brings a folder back to where it was."""
    return Step(
        object=thing,
        path=path_of(planning.then, thing),
        is_folder=True,
        comes_back=True,
        place=_place_then(planning, thing),
        version=None,
    )


def _place_then(planning: _Planning, thing: bytes) -> tuple[bytes, str] | None:
    """Return the folder and the name that a thing had."""
    place: Place | None = planning.then.place_of(thing)
    if place is None or place.parent is None or place.name is None:
        return None
    parent = ROOT if place.parent in planning.state.erased else place.parent
    return parent, place.name


def is_below(tree: Tree, thing: bytes, top: bytes) -> bool:
    """Return whether a thing is, or lies in, a folder."""
    here: bytes | None = thing
    while here is not None and here != ROOT:
        if here == top:
            return True
        place = tree.place_of(here)
        here = None if place is None else place.parent
    return False
