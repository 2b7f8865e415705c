"""Known manifests of contents, frozen with spec 04 section 15; made from the page alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.errors import InvalidEncodingError
from sealhold.vault.chunkplaces import Manifest

VECTORS: list[dict[str, Any]] = json.loads(  # reason: one known answer, as its file writes it
    (Path(__file__).parent / "04-stores" / "manifests.json").read_text()
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["case"]))
def test_a_manifest_is_read_as_it_was_frozen(vector: dict[str, Any]) -> None:  # reason: as above
    data = bytes.fromhex(vector["bytes"])

    if vector["outcome"] == "refused":
        with pytest.raises(InvalidEncodingError):
            Manifest.decoded(data)
        return
    manifest = Manifest.decoded(data)
    assert manifest.encoded() == data
    assert manifest.size == vector["size"]
    assert [
        [p.chunk.hex(), p.pack.hex(), p.offset, p.length, p.key.reveal().hex()]
        for p in manifest.chunks
    ] == vector["chunks"]
