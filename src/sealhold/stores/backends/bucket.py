"""Objects in a bucket of an S3 server, or of another service that can put if absent.

- The bucket is not trusted: it learns names, sizes and times, and whoever reads checks the seal.
- Before anything is kept, the bucket is tried: two puts at once of one name, of which exactly one
  may win, and a range. One that fails is refused, because it would lose or mix what is kept.
- A part of a name before a `/` is marked with a `D`, so `a` and `a/b` never meet, which some
  services keep as a file and a folder.
- Names are sorted here: services list special letters in orders of their own.
- A put whose answer was lost may have taken effect, and asked again says EXISTS of itself. Names
  are random or of the content, so whoever finds EXISTS finds what they wanted to keep.

Source: docs/spec/04-stores.md section 12.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sealhold.model.errors import ObjectNotFoundError, TamperedError, UnfitBucketError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.objectnames import check_range, checked
from sealhold.stores.spec import Kept

_PROBE = "probe"  # the first part of a name that a trial leaves for a moment
_TRIALS = 3
_FOLDER_MARK = "D"  # no object name has one


class Bucket(Protocol):
    """What a bucket's client does. Nothing but the errors of `stores/spec.py` escapes it."""

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Keep `content` if `name` is free, durably, and return whether it was.

        Raises:
            StoreUnavailableError: no answer; whether it took effect is unknown.
        """
        ...

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Return a range; shorter if the object ends before.

        Raises:
            ObjectNotFoundError: there is none of that name.
            StoreUnavailableError: no answer.
        """
        ...

    def size(self, name: str) -> int:
        """Return how many bytes an object has.

        Raises:
            ObjectNotFoundError: there is none of that name.
            StoreUnavailableError: no answer.
        """
        ...

    def delete(self, name: str) -> None:
        """Forget an object; an unknown name is no error.

        Raises:
            StoreUnavailableError: no answer.
        """
        ...

    def names(self, prefix: str) -> list[str]:
        """Return the names below a folder, `""` for all, in any order.

        Raises:
            StoreUnavailableError: no answer.
        """
        ...


class BucketObjects:
    """Keeps objects in `bucket`, which was tried."""

    def __init__(self, bucket: Bucket, probe: str) -> None:
        """Try the bucket.

        Args:
            bucket: the client.
            probe: a name that nobody else uses, for the trial.

        Raises:
            UnfitBucketError: it does not do what a store needs.
            StoreUnavailableError: no answer.
        """
        self._bucket = bucket
        for number in range(_TRIALS):
            _try_out(bucket, _key(checked(ObjectName(f"{_PROBE}/{probe}-{number}"))))

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        created = self._bucket.put_if_absent(_key(checked(name)), bytes(sealed))
        return Kept.CREATED if created else Kept.EXISTS

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        key = _key(checked(name))
        check_range(offset, length)
        size = self._bucket.size(key)
        end = max(size, offset) if length is None else offset + length
        if end > size:
            raise TamperedError(f"object `{name}` has {size} bytes; asked up to {end}")
        found = self._bucket.read(key, offset, end - offset) if end > offset else b""
        if len(found) != end - offset:
            raise TamperedError(f"object `{name}` was cut while it was read")
        return SealedBytes(found)

    def head(self, name: ObjectName) -> int:
        return self._bucket.size(_key(checked(name)))

    def delete(self, name: ObjectName) -> None:
        self._bucket.delete(_key(checked(name)))

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        folders, _, _ = prefix.rpartition("/")
        found = map(_name, self._bucket.names(_key(f"{folders}/").rstrip("/") if folders else ""))
        fitting = (name for name in found if name.startswith(prefix))
        return iter(
            [ObjectName(name) for name in sorted(fitting) if not name.startswith(f"{_PROBE}/")]
        )


def _key(name: str) -> str:
    *folders, file = name.split("/")
    return "/".join((*(part + _FOLDER_MARK for part in folders), file))


def _name(key: str) -> str:
    return "/".join(part.removesuffix(_FOLDER_MARK) for part in key.split("/"))


def _try_out(bucket: Bucket, name: str) -> None:
    """Have two put at once, and read a part.

    Raises:
        UnfitBucketError: both won or none, or the range is another.
        StoreUnavailableError: no answer.
    """
    offers = [bytes([each]) * 100 + b"end" for each in range(2)]
    try:
        with ThreadPoolExecutor(len(offers)) as pool:
            won = list(pool.map(lambda offer: bucket.put_if_absent(name, offer), offers))
        if sorted(won) != [False, True]:
            raise UnfitBucketError("the bucket lets two writers put one name")
        if bucket.put_if_absent(name, b"late"):
            raise UnfitBucketError("the bucket lets a later writer replace an object")
        first = offers[won.index(True)]
        if bucket.read(name, 98, 4) != first[98:102] or bucket.size(name) != len(first):
            raise UnfitBucketError("the bucket gives out other bytes than were asked for")
    except ObjectNotFoundError as err:
        raise UnfitBucketError("the bucket does not find what was just put") from err
    finally:
        bucket.delete(name)
