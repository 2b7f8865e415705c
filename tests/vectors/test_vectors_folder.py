"""Known files of a plain folder, frozen with spec 04 section 14; made from the page alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.errors import ObjectNotFoundError, TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.backends.folder import FolderObjects

VECTORS: list[dict[str, Any]] = json.loads(  # reason: one known answer, as its file writes it
    (Path(__file__).parent / "04-stores" / "folder.json").read_text()
)
OUTCOMES = {"not found": ObjectNotFoundError, "tampered": TamperedError}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["case"]))
def test_a_file_of_a_plain_folder_is_read_as_it_was_frozen(
    vector: dict[str, Any],  # reason: as above
    tmp_path: Path,
) -> None:
    file, name = tmp_path / vector["file"], ObjectName(vector["name"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes.fromhex(vector["bytes"]))
    store = FolderObjects(tmp_path, "trial")

    if vector["outcome"] == "ok":
        assert store.get(name) == bytes.fromhex(vector["object"])
        again = tmp_path / "again"
        again.mkdir()
        FolderObjects(again, "trial").put(name, SealedBytes(bytes.fromhex(vector["object"])))
        assert (again / vector["file"]).read_bytes() == file.read_bytes()
    else:
        with pytest.raises(OUTCOMES[vector["outcome"]]):
            store.get(name)
