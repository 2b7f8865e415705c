"""The manifest of an export: what is in it, signed, in one form that anybody can check.

Source: docs/spec/27-rights.md section 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sealhold.audit.event import MAX_AT
from sealhold.audit.forms import read_count, read_hash, read_id, read_text
from sealhold.crypto import dsse
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import AppId, SubjectId, canonical
from sealhold.model.quantities import Instant

EXPORT_TYPE = "application/vnd.sealhold.export+json"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One file of an export."""

    sha256: bytes
    size: int  # bytes, before they are packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an export holds."""

    app: AppId
    subject: SubjectId
    at: Instant
    files: Mapping[str, Packed]
    counts: Mapping[str, int]
    log_size: int  # entries of the log at the moment that the export shows
    log_root: bytes  # 32 bytes


def sign_manifest(manifest: Manifest, key: SigningKey) -> bytes:
    """Return the manifest as `key` signs it."""
    return dsse.sign(EXPORT_TYPE, _write(manifest, key.public), (key,))


def open_manifest(paper: bytes) -> tuple[Manifest, PublicKey]:
    """Return what a manifest says, and the key in it that signed it; whom to trust is open.

    Raises:
        InvalidEncodingError: not a manifest in its one form.
        BadSignatureError: altered.
    """
    _, claimed, _ = dsse.read_unverified(paper)
    _, issuer = _read(claimed)
    # THREAT T265: what is listed is what was signed, byte by byte
    return _read(dsse.open(paper, EXPORT_TYPE, {issuer}).payload)


def _write(manifest: Manifest, issuer: bytes) -> bytes:
    return to_json(
        {
            "app": canonical(manifest.app),
            "at": manifest.at,
            "counts": dict(manifest.counts),
            "files": {
                name: {"sha256": each.sha256.hex(), "size": each.size}
                for name, each in manifest.files.items()
            },
            "issuer": issuer.hex(),
            "log": {"root": manifest.log_root.hex(), "size": manifest.log_size},
            "subject": canonical(manifest.subject),
            "v": 1,
        }
    )


def _read(payload: bytes) -> tuple[Manifest, PublicKey]:
    match from_json(payload):
        case {
            "app": app,
            "at": at,
            "counts": dict() as counts,
            "files": dict() as files,
            "issuer": issuer,
            "log": {"root": root, "size": size},
            "subject": subject,
        } if read_count(at) <= MAX_AT:
            key = PublicKey(read_hash(issuer))
        case _:
            raise InvalidEncodingError("not the manifest of an export")
    try:
        listed = {
            read_text(name): Packed(sha256=read_hash(one["sha256"]), size=read_count(one["size"]))
            for name, one in files.items()
        }
    except (KeyError, TypeError) as err:
        raise InvalidEncodingError("not the manifest of an export") from err
    manifest = Manifest(
        app=AppId(read_id(app)),
        subject=SubjectId(read_id(subject)),
        at=Instant(at),
        files=listed,
        counts={read_text(name): read_count(number) for name, number in counts.items()},
        log_size=read_count(size),
        log_root=read_hash(root),
    )
    # INVARIANT: one manifest, one form: no field twice said, none that is not read.
    if _write(manifest, key) != payload:
        raise InvalidEncodingError("not the one form of a manifest")
    return manifest, key
