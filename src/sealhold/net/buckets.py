"""A bucket of an S3 server over HTTP, by obstore.

- A put asks the server to refuse a name that is taken (`If-None-Match: *`).
- Credentials come from the caller and are in no message; an error tells its kind and the name.
- Only `https` leaves this machine.

Source: docs/spec/04-stores.md section 12; obstore 0.12.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
from obstore.store import S3Store

from sealhold.model.errors import (
    InvalidError,
    ObjectNotFoundError,
    StoreUnavailableError,
)

LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
PATIENCE: Final = 30.0  # seconds for one request, and for all tries of it
TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """Where a bucket is, and who one is there."""

    endpoint: str  # https://host, or http on this machine
    bucket: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"
    folder: str = ""  # below which all names stand

    def __repr__(self) -> str:
        return f"S3Place({self.endpoint!r}, {self.bucket!r})"


class S3Bucket:
    """One bucket. Methods block; several threads may call at once."""

    def __init__(self, place: S3Place, *, patience: float = PATIENCE) -> None:
        """Take where it is, and for how many seconds to wait; nothing is connected to.

        Raises:
            InvalidError: the address is none, or would send what is kept in the clear.
        """
        address = urlsplit(place.endpoint)
        is_here = address.hostname in LOOPBACK
        if address.scheme != "https" and not (address.scheme == "http" and is_here):
            raise InvalidError("a bucket is reached by https")
        self._store = S3Store(
            place.bucket,
            prefix=place.folder or None,
            endpoint=place.endpoint,
            access_key_id=place.access_key,
            secret_access_key=place.secret_key,
            region=place.region,
            virtual_hosted_style_request=False,
            conditional_put="etag",
            client_options={"allow_http": is_here, "timeout": timedelta(seconds=patience)},
            retry_config={"max_retries": TRIES, "retry_timeout": timedelta(seconds=patience)},
        )

    def put_if_absent(self, name: str, content: bytes) -> bool:
        """Keep `content` if `name` is free, durably, and return whether it was.

        Raises:
            StoreUnavailableError: no answer; whether it took effect is unknown.
        """
        with _answering(name):
            try:
                obstore.put(self._store, name, content, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Return a range; shorter if the object ends before.

        Raises:
            ObjectNotFoundError: there is none of that name.
            StoreUnavailableError: no answer.
        """
        with _answering(name):
            return bytes(obstore.get_range(self._store, name, start=offset, length=length))

    def size(self, name: str) -> int:
        """Return how many bytes an object has.

        Raises:
            ObjectNotFoundError: there is none of that name.
            StoreUnavailableError: no answer.
        """
        with _answering(name):
            return int(obstore.head(self._store, name)["size"])

    def delete(self, name: str) -> None:
        """Forget an object; an unknown name is no error.

        Raises:
            StoreUnavailableError: no answer.
        """
        with suppress(ObjectNotFoundError), _answering(name):
            obstore.delete(self._store, name)

    def names(self, prefix: str) -> list[str]:
        """Return the names below a folder, `""` for all, in any order.

        Raises:
            StoreUnavailableError: no answer.
        """
        with _answering(prefix):
            pages = obstore.list(self._store, prefix=prefix or None)
            return [str(found["path"]) for page in pages for found in page]


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as err:
        raise ObjectNotFoundError(f"no object `{name}`") from err
    except (AlreadyExistsError, PreconditionError):
        raise
    except (BaseError, OSError) as err:
        kind = type(err).__name__
        raise StoreUnavailableError(f"object `{name}` cannot be reached ({kind})") from None
