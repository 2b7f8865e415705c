"""A third party's files: their form in a manifest, what a version is, and which may be bound when.

- An address is fixed in the manifest, `https` to a public name, and has no place where data could
  stand. An address that depends on data is refused.
- A file is named by the digest of its content, or by the key that signs each version of it. A
  signed version says for which address it is, and which number it has; numbers only rise.
- What a program gets at one time is a tuple of digests. A file of it may be replaced by a version
  that was never in its place before, so no tuple returns, and there are at most
  1 + the sum over files of (max_versions - 1) of them.
- Pure: no socket, no store. Who fetches is `net.fetch`, what is kept says `retrieve`.

Source: docs/spec/08-task-manifest.md section 9.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sealhold.compute.manifest import MAX_RESOURCES, Resource
from sealhold.crypto.digest import framed, sha256
from sealhold.crypto.sign import PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    BadSignatureError,
    InvalidError,
    InvalidManifestError,
    NotFetchedError,
)

MAGIC = b"SHRS\x01"  # a signed version begins with it; the last byte is the format's
SERIAL_BYTES, SIGNATURE_BYTES = 8, 64
OVERHEAD = len(MAGIC) + SERIAL_BYTES + SIGNATURE_BYTES  # bytes of a version beside its content
PINNED = 0  # the number of a file that is named by its digest; signed ones count from 1
LAST_SERIAL = 2**63 - 1
SHORTEST_REFRESH = 3_600  # seconds; a server is not asked more often for one file

_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"(?:{_LABEL}\.)+(?=[a-z])(?:{_LABEL})"  # a name with a dot, never an address
_PATH: Final = r"(?:/(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*)+"
_URL: Final = re.compile(rf"https://({_HOST})({_PATH})")
_PLACEHOLDERS: Final = frozenset("{}<>$*")
_NOT_IN_URLS: Final = {"@": "a user's name", "#": "a fragment", "?": "a query"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a file, whose digest or signature was checked."""

    serial: int
    content: bytes

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the content: what names the version."""
        return sha256(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The files that a program gets at one time, by the ids of its manifest."""

    digests: Mapping[str, bytes] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)


NONE = Bound()


def check_resources(resources: Sequence[Resource]) -> None:
    """Refuse files that break a rule of the form.

    Raises:
        InvalidManifestError: an id stands twice, an address or a pin is none, they are too large.
    """
    if len({each.id for each in resources}) != len(resources):
        raise InvalidManifestError("a resource stands twice")
    for each in resources:
        _check_url(each)
        _check_pin(each)
    if sum(each.max_bytes for each in resources) > MAX_RESOURCES:
        raise InvalidManifestError(f"`resources` have at most {MAX_RESOURCES} bytes together")


def host_and_path(url: str) -> tuple[str, str]:
    """Return the name and the path in an address of the form.

    Raises:
        InvalidError: it is none.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise InvalidError("not the address of a resource")
    return found[1], found[2]


def tuples(resources: Sequence[Resource]) -> int:
    """Return how many different tuples of versions a program may get over its whole life."""
    return 1 + sum(each.max_versions - 1 for each in resources)


def pins(resources: Sequence[Resource]) -> list[list[Plain]]:
    """Return what names the files before they are fetched: what a series of tuples is charged by.

    A file that is named by its digest stands as it will be bound; a signed one by address and key.
    """
    return sorted(
        [each.id, bytes.fromhex(each.sha256)]
        if each.sha256 is not None
        else [each.id, each.url, each.max_bytes, bytes.fromhex(each.signer or "")]
        for each in resources
    )


def bound_digests(resources: Sequence[Resource], digests: Mapping[str, bytes]) -> list[list[Plain]]:
    """Return the digests that enter a function's id.

    Raises:
        InvalidError: one is missing, or of no file of the manifest.
    """
    if digests.keys() != {each.id for each in resources}:
        raise InvalidError("a program gets just the resources that its manifest names")
    return [[name, digest] for name, digest in sorted(digests.items())]


def stated(digests: Mapping[str, bytes]) -> list[dict[str, Plain]]:
    """Return files as a proof lists them: id and digest, in the order of the ids."""
    return [{"id": name, "sha256": digest.hex()} for name, digest in sorted(digests.items())]


def largest_reply(resource: Resource) -> int:
    """Return the most bytes that a server may send for `resource`."""
    return resource.max_bytes + (OVERHEAD if resource.signer is not None else 0)


def sign_version(url: str, serial: int, content: bytes, key: SigningKey) -> bytes:
    """Return the bytes that a server gives out as version `serial` of the file at `url`.

    Raises:
        InvalidError: no address of the form, or no number of a version.
    """
    host_and_path(url)
    if not PINNED < serial <= LAST_SERIAL:
        raise InvalidError(f"a version's number is from 1 to {LAST_SERIAL}")
    signature = key.sign(Tag.RESOURCE, _signed(url, serial, content))
    return MAGIC + serial.to_bytes(SERIAL_BYTES) + signature + content


def open_version(resource: Resource, reply: bytes) -> Version:
    """Return the version of `resource` that a server's reply is.

    Raises:
        NotFetchedError: it is none: another content, signer, address or form, or too large.
    """
    if len(reply) > largest_reply(resource):
        raise NotFetchedError("the file is larger than its task allows", reason="size")
    if resource.signer is None:
        # THREAT T182: what is kept under a digest has that digest, whoever sent it
        if sha256(reply).hex() != resource.sha256:
            raise NotFetchedError(
                "the file is not the one whose digest its task names", reason="digest"
            )
        return Version(serial=PINNED, content=reply)
    if len(reply) < OVERHEAD or not reply.startswith(MAGIC):
        raise NotFetchedError("the file is not a signed version of a resource", reason="form")
    after_serial = len(MAGIC) + SERIAL_BYTES
    serial = int.from_bytes(reply[len(MAGIC) : after_serial])
    signature, content = reply[after_serial:OVERHEAD], reply[OVERHEAD:]
    if not PINNED < serial <= LAST_SERIAL:
        raise NotFetchedError("the file has no number of a version", reason="form")
    try:
        # THREAT T182: the address is signed, so one file of a signer does not pass for another
        signer = PublicKey(bytes.fromhex(resource.signer))
        verify(signer, Tag.RESOURCE, _signed(resource.url, serial, content), signature)
    except BadSignatureError as err:
        raise NotFetchedError(
            "the signer did not sign this file for this place", reason="signer"
        ) from err
    return Version(serial=serial, content=content)


def check_later(version: Version, serial: int, digest: bytes) -> bool:
    """Return whether `version` is later than the kept one of that number and digest.

    Raises:
        NotFetchedError: it is an older one, or a second one of the same number.
    """
    if version.serial > serial:
        return True
    # THREAT T183: a version that was replaced never comes back
    if version.serial < serial:
        raise NotFetchedError(
            "the file is an older version than the one that is kept", reason="older"
        )
    if version.digest != digest:
        raise NotFetchedError(
            "the signer gave one number to two versions of the file", reason="twice"
        )
    return False


def next_tuple(
    resources: Sequence[Resource],
    history: Sequence[Mapping[str, bytes]],
    newest: Mapping[str, bytes],
) -> dict[str, bytes] | None:
    """Return the tuple that comes next, None if there is none.

    Args:
        resources: the files of the manifest.
        history: the tuples so far, in their order.
        newest: the digest of the newest version that is kept, for each file.
    """
    if not history:
        return {each.id: newest[each.id] for each in resources}
    wanted = dict(history[-1])
    for each in resources:
        seen = {past[each.id] for past in history}
        # THREAT T183: what was in this place once is not put there again, so that a signer cannot
        # choose among tuples by the last answer.
        if newest[each.id] not in seen and len(seen) < each.max_versions:
            wanted[each.id] = newest[each.id]
    # INVARIANT: never more tuples than were charged at approval, whoever shares the series.
    is_new = wanted != history[-1] and len(history) < tuples(resources)
    return wanted if is_new else None


def has_room(
    resource: Resource, resources: Sequence[Resource], history: Sequence[Mapping[str, bytes]]
) -> bool:
    """Return whether a program could still get a further version of `resource`."""
    seen = {past[resource.id] for past in history}
    return len(seen) < resource.max_versions and len(history) < tuples(resources)


def _signed(url: str, serial: int, content: bytes) -> bytes:
    return framed(url.encode(), serial.to_bytes(SERIAL_BYTES), content)


def _check_url(resource: Resource) -> None:
    url, name = resource.url, resource.id
    # THREAT T184: an address that depends on data would carry it to whoever serves the address
    if _PLACEHOLDERS & set(url):
        raise InvalidManifestError(
            f"resource `{name}`: an address that depends on data is refused; name each file that"
            " may be needed, so that every vault fetches them all"
        )
    if not url.startswith("https://"):
        raise InvalidManifestError(f"resource `{name}`: only `https` addresses are fetched")
    for letter, what in _NOT_IN_URLS.items():
        if letter in url:
            raise InvalidManifestError(f"resource `{name}`: an address may not hold {what}")
    found = _URL.fullmatch(url)
    if found is None:
        raise InvalidManifestError(
            f"resource `{name}`: an address reads `https://data.example.org/table.json`"
        )
    if {".", ".."} & set(found[2].split("/")):
        raise InvalidManifestError(f"resource `{name}`: a path may not hold `.` or `..`")


def _check_pin(resource: Resource) -> None:
    name = resource.id
    if (resource.sha256 is None) == (resource.signer is None):
        raise InvalidManifestError(f"resource `{name}`: name either its `sha256` or its `signer`")
    if resource.sha256 is not None and (resource.max_versions, resource.refresh_s) != (1, 0):
        raise InvalidManifestError(
            f"resource `{name}`: a digest names one version, fetched once: `max_versions` is 1 and"
            " `refresh_s` 0"
        )
    if 0 < resource.refresh_s < SHORTEST_REFRESH:
        raise InvalidManifestError(
            f"resource `{name}`: `refresh_s` is 0 or at least {SHORTEST_REFRESH}"
        )
    if resource.max_versions > 1 and not resource.refresh_s:
        raise InvalidManifestError(f"resource `{name}`: several versions need a `refresh_s`")
