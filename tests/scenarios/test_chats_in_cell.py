"""Chats, plays and posts through the real jailed process."""

from pathlib import Path

from sealhold.compute.readercell import ReaderCell
from sealhold.connectors.samples_chats import CHAT_SAMPLES


def test_each_format_is_told_and_read_in_the_cell_under_any_name(tmp_path: Path) -> None:
    read: dict[str, tuple[str, int, int]] = {}
    with ReaderCell() as cell:
        for name, make in CHAT_SAMPLES.items():
            path = tmp_path / f"{name}.x"
            path.write_bytes(make(30).content)
            known = cell.detect(path)
            batches = [portion.batch for portion in cell.read(path, known.source, None)]
            items = sum(len(batch.items) for batch in batches)
            read[name] = (known.source, items, sum(len(batch.rejects) for batch in batches))

    assert read == {name: (name, 30, 0) for name in CHAT_SAMPLES}
