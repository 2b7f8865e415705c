"""What changed in a folder: a scan held against what was kept, as a list of changes.

- A rename is found by the inode, or by equal content of something that is gone; then the object
  stays the same, and no content is sent.
- What lies in something that was passed over is not gone.
- A look at size, times and inode decides, and content where these cannot: what is equal after all
  is no change.
- Deletes of more than 100 files, or of half of them, are held back until a person says yes to
  just these.

Source: docs/spec/47-folders.md section 6.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

import msgspec
from msgspec.structs import replace

from sealhold.sharing.devices.keptrows import Kind, Row, Seen, is_as_kept, is_racy
from sealhold.sharing.devices.scanning import Scan
from sealhold.sharing.devices.treeops import ROOT

MANY = 100  # files; more deletes at once are asked about
FEW = 3  # files; half of a folder is asked about only if it is more


class What(Enum):
    """What changed about an object."""

    CREATED = "created"
    MOVED = "moved"  # another folder, another name, or both
    EDITED = "edited"  # content, permissions or type
    DELETED = "deleted"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one object, for whoever makes operations and versions of it."""

    what: What
    object: bytes
    path: str  # where it is; of what was deleted: where it was
    kind: Kind
    row: Row | None  # what was kept of it; None if it is new
    seen: Seen | None  # None: it is gone
    parent: bytes | None = None  # the folder that it got; None: the same as before
    name: str | None = None  # the name that it got; None: the same as before
    digest: bytes | None = None  # of the content, where it was read already


@dataclass(frozen=True, slots=True)
class Held:
    """Deletes that a person has to say yes to."""

    paths: frozenset[str]  # of all of them, folders too
    files: int  # how many files and links
    of: int  # how many there were


@dataclass(slots=True)
class Compared:
    """What a folder and its rows differ in."""

    changes: list[Change] = field(default_factory=list)  # in the order in which they can be done
    refreshed: list[Row] = field(default_factory=list)  # equal, but looked at anew
    busy: list[str] = field(default_factory=list)  # being written just now
    held: Held | None = None


Reads = Callable[[str], "tuple[Seen, bytes] | None"]  # content's digest; None: busy or gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a comparison goes by."""

    rows: Mapping[str, Row]
    scan: Scan
    read: Reads
    fresh_id: Callable[[], bytes]
    now_ns: int
    allowed: frozenset[str] = frozenset()  # paths whose delete a person said yes to


def compare(ground: Ground) -> Compared:
    """Return what changed since the rows were kept."""
    rows, found = ground.rows, ground.scan.found
    out = Compared()
    same = {path for path, row in rows.items() if path in found and found[path].kind is row.kind}
    gone = [
        row
        for path, row in rows.items()
        if path not in same and not ground.scan.is_passed_over(path)
    ]
    fresh = [path for path in found if path not in same]
    origin = _origins(ground, gone, fresh, out)
    objects = {"": ROOT}
    objects.update((path, rows[path].object) for path in same)
    objects.update((path, row.object) for path, row in origin.items())
    busy = set(out.busy)
    for path in fresh:
        if path not in origin:
            objects[path] = ground.fresh_id()
            if path not in busy:
                out.changes.append(_created(path, found[path], objects))
    was = {"": ROOT, **{path: row.object for path, row in rows.items()}}
    moves = [_moved(path, row, found[path], objects, was) for path, row in origin.items()]
    out.changes += [each for each in moves if each.name is not None or each.parent is not None]
    out.changes.sort(key=lambda each: each.path.count("/"))  # folders before what they hold
    for path in same:
        _look_closer(ground, rows[path], found[path], out)
    came = {row.path for row in origin.values()}
    _delete([row for row in gone if row.path not in came], ground, out)
    return out


def _origins(
    ground: Ground, gone: Iterable[Row], fresh: Iterable[str], out: Compared
) -> dict[str, Row]:
    """Return what each path that is new was before, as far as it was anything."""
    by_inode = {(row.kind, row.stat.inode): row for row in gone}
    sizes: dict[tuple[Kind, int], list[Row]] = {}
    for row in gone:
        if row.kind is not Kind.FOLDER and row.stat.size:
            sizes.setdefault((row.kind, row.stat.size), []).append(row)
    origin: dict[str, Row] = {}
    taken: set[str] = set()
    later: list[str] = []
    for path in fresh:
        seen = ground.scan.found[path]
        same = by_inode.get((seen.kind, seen.stat.inode))
        if same is not None and same.path not in taken and _is_carried(same, seen):
            origin[path] = same
            taken.add(same.path)
        elif (seen.kind, seen.stat.size) in sizes:
            later.append(path)
    for path in later:
        seen = ground.scan.found[path]
        alike = [row for row in sizes[seen.kind, seen.stat.size] if row.path not in taken]
        if alike and (equal := _of_equal_content(ground, path, alike, out)) is not None:
            origin[path] = equal
            taken.add(equal.path)
    return origin


def _is_carried(row: Row, seen: Seen) -> bool:
    """Return whether what has the same inode is what was kept: a rename sets `ctime` alone."""
    if row.kind is Kind.FOLDER:
        return True
    return row.stat[:2] == seen.stat[:2] and row.mode == seen.mode and not is_racy(row)


def _of_equal_content(ground: Ground, path: str, alike: list[Row], out: Compared) -> Row | None:
    read = ground.read(path)
    if read is None:
        out.busy.append(path)
        return None
    name = path.rpartition("/")[2]
    equal = [row for row in alike if row.digest == read[1] and row.mode == read[0].mode]
    equal.sort(key=lambda row: (row.path.rpartition("/")[2] != name, row.path))
    return equal[0] if equal else None


def _created(path: str, seen: Seen, objects: Mapping[str, bytes]) -> Change:
    above, _, name = path.rpartition("/")
    return Change(
        what=What.CREATED,
        object=objects[path],
        path=path,
        kind=seen.kind,
        row=None,
        seen=seen,
        parent=objects[above],
        name=name,
    )


def _moved(
    path: str, row: Row, seen: Seen, objects: Mapping[str, bytes], was: Mapping[str, bytes]
) -> Change:
    """Return a move; one without parent and name if only a folder above it moved."""
    above, _, name = path.rpartition("/")
    was_above, _, was_name = row.path.rpartition("/")
    parent = objects[above]
    return Change(
        what=What.MOVED,
        object=row.object,
        path=path,
        kind=row.kind,
        row=row,
        seen=seen,
        parent=None if was.get(was_above) == parent else parent,
        name=None if name == was_name else name,
    )


def _look_closer(ground: Ground, row: Row, seen: Seen, out: Compared) -> None:
    """Tell whether what is still in its place changed."""
    as_kept = is_as_kept(row, seen)
    if as_kept and not is_racy(row):
        return
    read = ground.read(row.path)
    if read is None:
        out.busy.append(row.path)
        return
    now, digest = read
    if digest == row.digest and now.mode == row.mode:
        # Another time, another inode, the same content: nothing to send.
        out.refreshed.append(replace(row, stat=now.stat, looked_ns=ground.now_ns))
        return
    out.changes.append(
        Change(
            what=What.EDITED,
            object=row.object,
            path=row.path,
            kind=row.kind,
            row=row,
            seen=now,
            digest=digest,
        )
    )


def _delete(gone: list[Row], ground: Ground, out: Compared) -> None:
    """Add what is gone, what lies deepest first, unless it is so much that a person is asked."""
    files = sum(row.kind is not Kind.FOLDER for row in gone)
    of = sum(row.kind is not Kind.FOLDER for row in ground.rows.values())
    paths = frozenset(row.path for row in gone)
    # THREAT T471: much that is gone at once is asked about, and is deleted nowhere until then.
    if (files > MANY or (files > FEW and 2 * files >= of)) and not paths <= ground.allowed:
        out.held = Held(paths, files, of)
        return
    for row in sorted(gone, key=lambda row: (-row.path.count("/"), row.path)):
        out.changes.append(
            Change(
                what=What.DELETED,
                object=row.object,
                path=row.path,
                kind=row.kind,
                row=row,
                seen=None,
            )
        )
