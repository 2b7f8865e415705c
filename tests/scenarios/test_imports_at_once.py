"""Several imports at the same moment, as two browser tabs start them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealhold.compute.readercell import ReaderCell
from sealhold.connectors.frames import Known
from tests.scenarios.vaults import calendar, new_home, opened


def test_imports_at_once_each_keep_all_of_theirs_and_nothing_twice(tmp_path: Path) -> None:
    files = [calendar(tmp_path / f"{n}.ics", [f"day {n}"] * 40, uid=f"day{n}-") for n in range(3)]
    same = [calendar(tmp_path / f"same{n}.ics", ["same"] * 40, month=n + 2) for n in range(2)]

    with opened(new_home(tmp_path / "home")) as node, ThreadPoolExecutor(5) as pool:
        done = [pool.submit(node.sources.import_paths, [path]) for path in files + same]
        reports = [each.result() for each in done]

        assert [report.new for report in reports[:3]] == [40, 40, 40]
        assert node.records.search("day").total == 120
        assert node.records.search("same").total == sum(report.new for report in reports[3:])
        assert node.audit.verify().whole


def test_a_file_that_is_replaced_under_its_reader_is_not_taken_for_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = calendar(tmp_path / "days.ics", ["first"])
    newer = calendar(tmp_path / "newer.ics", ["first", "second"])
    real = ReaderCell.detect

    def slow(self: ReaderCell, path: Path) -> Known:
        known = real(self, path)  # from here on it has the old file open
        if newer.exists():
            newer.rename(path)
        return known

    monkeypatch.setattr(ReaderCell, "detect", slow)
    with opened(new_home(tmp_path / "home")) as node:
        first = node.sources.import_paths([file]).files[0]
        again = node.sources.import_paths([file])

        assert "changed while it was read" in (first.error or "")
        assert (first.new, again.new) == (1, 1)
        assert node.records.search("second").total == 1
