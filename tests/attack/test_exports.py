"""Exports against whoever edits them on the way."""

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest

from sealhold.audit.exported import Manifest, Packed, open_manifest, sign_manifest
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import to_json
from sealhold.model.errors import InvalidEncodingError, SealholdError
from sealhold.model.ids import AppId, Id16, SubjectId
from tests.unit.memory_vault import NOON

KEY = SigningKey(Secret(bytes(range(32)), "a vault"))
TRUE = Manifest(
    app=AppId(Id16(b"\x01" * 16)),
    subject=SubjectId(Id16(b"\x02" * 16)),
    at=NOON,
    files={"profile.json": Packed(sha256=bytes(32), size=7)},
    counts={"records": 3},
    log_size=9,
    log_root=b"\x03" * 32,
)


def bent(value: Any) -> Any:  # noqa: ANN401  # reason: a JSON tree
    match value:
        case int():
            return value + 1
        case str():
            return ("0" if value[-1] != "0" else "1").join([value[:-1], ""])
        case dict():
            return {**value, "more": 1}
        case _:
            return [value]


def test_a_manifest_comes_back_as_it_was_signed() -> None:
    assert open_manifest(sign_manifest(TRUE, KEY)) == (TRUE, KEY.public)


@pytest.mark.threat("T265")
@pytest.mark.parametrize("field", ["app", "at", "counts", "files", "issuer", "log", "subject", "v"])
@pytest.mark.parametrize("drop", [False, True])
def test_a_manifest_with_any_field_changed_or_left_out_is_refused(
    field: str, *, drop: bool
) -> None:
    envelope = json.loads(sign_manifest(TRUE, KEY))

    payload = json.loads(b64decode(envelope["payload"]))
    if drop:
        del payload[field]
    else:
        payload[field] = bent(payload[field])
    envelope["payload"] = b64encode(to_json(payload)).decode()

    with pytest.raises(SealholdError):
        open_manifest(to_json(envelope))


@pytest.mark.threat("T265")
@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"payload":"","payloadType":"","signatures":[]}', b"\xff"]
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        open_manifest(data)
