"""What only a bucket must stand: a service that cannot do what is needed, and one that is away."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sealhold.model.errors import (
    InvalidError,
    ObjectNotFoundError,
    StoreUnavailableError,
    UnfitBucketError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.net.buckets import S3Bucket, S3Place
from sealhold.stores.backends.bucket import BucketObjects
from sealhold.stores.spec import Kept

from . import s3server

NAME = ObjectName("some/o1")


class Sound:
    """A bucket in memory that does all that is needed."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put_if_absent(self, name: str, content: bytes) -> bool:
        return self.kept.setdefault(name, content) is content

    def read(self, name: str, offset: int, length: int) -> bytes:
        return self.kept[name][offset : offset + length]

    def size(self, name: str) -> int:
        return len(self.kept[name])

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    def names(self, prefix: str) -> list[str]:
        return [name for name in self.kept if name.startswith(prefix)]


class TakesTwice(Sound):
    def put_if_absent(self, name: str, content: bytes) -> bool:
        self.kept[name] = content
        return True


class TakesLast(Sound):
    def put_if_absent(self, name: str, content: bytes) -> bool:
        is_free = name not in self.kept or content == b"late"
        if is_free:
            self.kept[name] = content
        return is_free


class GivesAll(Sound):
    def read(self, name: str, offset: int, length: int) -> bytes:
        return self.kept[name][: offset + length + len(name)]


class TellsLess(Sound):
    def size(self, name: str) -> int:
        return len(self.kept[name]) - 1


class Forgets(Sound):
    def read(self, name: str, offset: int, length: int) -> bytes:
        raise ObjectNotFoundError(f"no {name}, {offset}, {length}")


def place(**other: str) -> S3Place:
    told = {"endpoint": s3server.address(), "secret_key": s3server.SECRET, **other}
    return S3Place(bucket=s3server.BUCKET, access_key=s3server.ACCESS, **told)


@pytest.mark.parametrize("unfit", [TakesTwice, TakesLast, GivesAll, TellsLess, Forgets])
def test_a_bucket_that_cannot_do_what_is_needed_is_refused_and_left_clean(
    unfit: Callable[[], Sound],
) -> None:
    bucket = unfit()

    with pytest.raises(UnfitBucketError):
        BucketObjects(bucket, "probe")

    assert bucket.kept == {}


def test_a_sound_bucket_is_left_clean_by_its_trial_and_then_keeps() -> None:
    bucket = Sound()

    store = BucketObjects(bucket, "probe")

    assert bucket.kept == {}
    assert store.put(NAME, SealedBytes(b"sealed")) is Kept.CREATED
    assert list(store.names()) == [NAME]


def test_a_trial_that_somebody_else_runs_is_no_object(tmp_path: Path) -> None:
    store = s3server.objects_of(tmp_path)
    bucket = s3server.bucket_of(tmp_path)
    bucket.put_if_absent("probeD/of-another", b"x")

    assert list(store.names()) == []


def test_a_wrong_secret_is_one_typed_error_that_names_it_nowhere() -> None:
    bucket = S3Bucket(place(secret_key="another"))

    with pytest.raises(StoreUnavailableError) as told:
        bucket.put_if_absent("o1", b"x")

    assert "another" not in f"{told.value}{told.value.__cause__}"
    assert s3server.SECRET not in repr(place())


@pytest.mark.parametrize("endpoint", ["http://example.org", "ftp://localhost", "localhost:80", ""])
def test_an_address_that_would_send_in_the_clear_is_refused(endpoint: str) -> None:
    with pytest.raises(InvalidError):
        S3Bucket(place(endpoint=endpoint))


def test_a_server_that_is_away_is_one_typed_error() -> None:
    bucket = S3Bucket(place(endpoint="http://127.0.0.1:1"), patience=1.0)

    with pytest.raises(StoreUnavailableError):
        bucket.size("o1")
