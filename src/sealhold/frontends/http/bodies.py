"""Bodies of requests, read within limits of size and time, and never onto a disk.

- An uploaded file waits in memory, in a file that the kernel keeps without a name: what a person
  brings in is not written plain anywhere before it is sealed.
- A body that is longer than allowed is refused before more of it is read.

Source: docs/spec/20-faces.md section 6.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from sealhold.frontends.web.upload import Upload
from sealhold.frontends.web.visit import Fields
from sealhold.model.errors import InvalidError

FORM_BYTES = 65_536  # the longest form of ours has a few kilobytes
UPLOAD_BYTES = 67_108_864  # in memory twice for a moment; longer files go by `sealhold import`
COPIED = 1_048_576  # bytes at a time
MAX_FIELDS = 200
MAX_FILES = 20
SECONDS = 30  # for a form
_ANNOUNCES = frozenset({b"content-length", b"transfer-encoding"})  # each body (RFC 9112, 6.3)
UPLOAD_SECONDS = 600


class TooLongError(InvalidError):
    """A request is longer than this address takes.

    Remedy: import large files with `sealhold import PATH`.

    Over HTTP: send less at a time; records go in several calls.
    """


class TooSlowError(InvalidError):
    """A request did not arrive in time.

    Remedy: try again on a steadier connection.
    """


class InMemoryParser(MultiPartParser):
    """Keeps every part of a form in memory."""

    spool_max_size = UPLOAD_BYTES + 1


async def read_body(request: Request, limit: int, seconds: int = SECONDS) -> bytes:
    """Return the whole body.

    Raises:
        TooLongError: it has more than `limit` bytes.
        TooSlowError: it took longer than `seconds`.
    """
    if not _says_body(request):
        return b""
    try:
        async with asyncio.timeout(seconds):
            return b"".join([chunk async for chunk in _limited(request, limit)])
    except TimeoutError:
        raise TooSlowError("the body took too long") from None


def announced(request: Request, limit: int) -> int:
    """Return how many bytes a body has, as its head says; `limit` if that does not say it.

    Raises:
        TooLongError: more than `limit`.
    """
    if b"content-length" not in [name for name, _ in request.scope["headers"]]:
        return limit if _says_body(request) else 0
    _check_length(request, limit)
    return int(request.headers["content-length"])


async def read_form(request: Request, *, takes_files: bool) -> tuple[Fields, list[UploadFile]]:
    """Return the fields of a form, and its files if it may have any.

    Raises:
        InvalidError: not a form of ours.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        if not takes_files:
            raise InvalidError("this form takes no file")
        return await _read_multipart(request)
    return parse_fields(await read_body(request, FORM_BYTES)), []


def parse_fields(data: bytes) -> Fields:
    """Return the fields of a URL-encoded form or query.

    Raises:
        InvalidError: not UTF-8, or too many fields.
    """
    try:
        pairs = parse_qsl(
            data.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError as err:
        raise InvalidError("a form that cannot be read") from err
    return Fields(tuple(pairs))


@contextmanager
def nameless(uploads: Iterable[tuple[str, BinaryIO]]) -> Iterator[tuple[Upload, ...]]:
    """Give each named content a path that lasts as long as the block."""
    handles: list[int] = []
    try:
        kept = []
        for name, content in uploads:
            handle = os.memfd_create("upload", os.MFD_CLOEXEC)
            handles.append(handle)
            size = _copy(content, handle)
            path = Path(f"/proc/{os.getpid()}/fd/{handle}")
            kept.append(Upload(name=name, path=path, size=size))
        yield tuple(kept)
    finally:
        for handle in handles:
            os.close(handle)


def _copy(content: BinaryIO, handle: int) -> int:
    size = 0
    content.seek(0)
    while chunk := content.read(COPIED):
        view = memoryview(chunk)
        while view:
            view = view[os.write(handle, view) :]
        size += len(chunk)
    return size


async def _read_multipart(request: Request) -> tuple[Fields, list[UploadFile]]:
    parser = InMemoryParser(
        request.headers,
        _limited(request, UPLOAD_BYTES),
        max_files=MAX_FILES,
        max_fields=MAX_FIELDS,
        max_part_size=FORM_BYTES,
    )
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            items = (await parser.parse()).multi_items()
    except TimeoutError:
        raise TooSlowError("the upload took too long") from None
    except MultiPartException as err:
        raise InvalidError("a form that cannot be read") from err
    fields = tuple((name, value) for name, value in items if isinstance(value, str))
    return Fields(fields), [value for _, value in items if isinstance(value, UploadFile)]


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    _check_length(request, limit)
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise TooLongError(f"at most {limit} bytes")
            yield chunk
    except ClientDisconnect:
        raise InvalidError("the sender left") from None


def _says_body(request: Request) -> bool:
    return not _ANNOUNCES.isdisjoint([name for name, _ in request.scope["headers"]])


def _check_length(request: Request, limit: int) -> None:
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > limit:
        raise TooLongError(f"at most {limit} bytes")
