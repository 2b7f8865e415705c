"""How a backup is cut into objects, and put together again.

- A part is named `<prefix>/<number>`, in order; the `Backup` that the caller keeps names each part
  and its length, so a missing or cut part is found before a byte of it is used.
- A prefix is used once: whatever is there already may belong to another backup.

Source: docs/spec/04-stores.md section 9.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealhold.model.errors import InvalidError, ObjectNotFoundError, TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.spec import Backup, Kept, ObjectStore

PART = 8_388_608  # bytes; small enough to hold, large enough for few names


@dataclass(frozen=True, slots=True)
class Part:
    """One object of a backup, as its manifest names it."""

    name: ObjectName  # in the place
    length: int
    digest: bytes  # of its bytes, 32


def put_parts(sink: ObjectStore, prefix: str, parts: Iterable[bytes]) -> Backup:
    """Keep `parts` below `prefix` and return what to ask for.

    Raises:
        InvalidError: there is something below `prefix`.
    """
    kept: dict[ObjectName, int] = {}
    for number, part in enumerate(parts):
        name = ObjectName(f"{prefix}/{number:08d}")
        if sink.put(name, SealedBytes(part)) is not Kept.CREATED:
            raise InvalidError(f"`{prefix}` holds another backup")
        kept[name] = len(part)
    return Backup(objects=kept)


def get_parts(source: ObjectStore, backup: Backup) -> Iterator[SealedBytes]:
    """Return the parts of `backup` in order.

    Raises:
        TamperedError: a part is absent or not as long as it was.
    """
    for name, length in sorted(backup.objects.items()):
        try:
            if source.head(name) != length:
                raise TamperedError(f"part `{name}` is not {length} bytes long")
            yield source.get(name, 0, length)
        except ObjectNotFoundError as err:
            raise TamperedError(f"part `{name}` is gone") from err
