"""The bytes of a snapshot: form, version, and what the engine loads.

- A snapshot is loaded by a device of the owner that had it from its own store, or under a seal,
  from another device of the owner; never from anybody else (section 7 says why).

Source: docs/spec/48-documents.md section 7.
"""

from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError, TamperedError
from sealhold.sharing.devices.docversions import Version

FORM = 1
MAX_SNAPSHOT = 64 << 20  # bytes


def packed_snapshot(version: Version, blob: bytes) -> bytes:
    """Return a snapshot of `version` whose state the engine wrote as `blob`."""
    return pack([FORM, [list(each) for each in sorted(version.items())], blob])


def unpacked_snapshot(data: bytes) -> tuple[dict[int, int], bytes]:
    """Return version and state of a snapshot; of none, an empty version and no state.

    Raises:
        TamperedError: not a snapshot, or too large.
    """
    if not data:
        return {}, b""
    if len(data) > MAX_SNAPSHOT:
        raise TamperedError(f"a snapshot of {len(data)} bytes, at most {MAX_SNAPSHOT}")
    try:
        form, version, blob = unpack(data)
        found = {int(author): int(end) for author, end in version}
    except (InvalidEncodingError, TypeError, ValueError) as err:
        raise TamperedError("not a snapshot of a document") from err
    if form != FORM or not isinstance(blob, bytes):
        raise TamperedError("a snapshot of an unknown form")
    return found, blob
