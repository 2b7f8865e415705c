"""Vaults that attacks start from: one filled, one in which an app was allowed something."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.noising import Blur
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown import Mode
from sealhold.node import Node
from tests import stretched, warmbrokers
from tests.scenarios.vaults import NOON, Asker, Hands, Job, Ready, allow, calendar, new_home, opened

warmbrokers.install()
stretched.install()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that holds 30 events, 10 of them green."""
    folder = tmp_path_factory.mktemp("filled")
    home = new_home(folder / "home")
    with opened(home) as node:
        summaries = [f"{'green' if n % 3 == 0 else 'red'} {n}" for n in range(30)]
        node.sources.import_paths([calendar(folder / "c.ics", summaries)])
    return home


@pytest.fixture(scope="session")
def allowed(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Ready:
    home = Path(shutil.copytree(filled, tmp_path_factory.mktemp("allowed") / "home"))
    with opened(home) as node:
        asker = Asker(node)
        request = asker.ask(node, Job(), until=Instant(NOON + DAY))
        grant = allow(node, request)
        other = asker.ask(node, Job(version="1.0.1"), until=Instant(NOON + DAY), mode=Mode.ONCE)
        return Ready(home, asker, request, grant, allow(node, other))


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    """Return a copy of the filled home."""
    return Path(shutil.copytree(filled, tmp_path / "home"))


@pytest.fixture
def node(home: Path, clock: Hands) -> Iterator[Node]:
    with opened(home, clock) as found:
        yield found


@pytest.fixture
def ready(allowed: Ready, tmp_path: Path) -> Ready:
    return replace(allowed, home=Path(shutil.copytree(allowed.home, tmp_path / "ready")))


@pytest.fixture
def vault(ready: Ready, clock: Hands) -> Iterator[Node]:
    """Return the open vault of `ready`."""
    with opened(ready.home, clock) as found:
        yield found


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what is drawn while the test runs, one number for each blurred answer."""
    drawn: list[int] = []
    original = Blur.blurred

    def spied(self: Blur, value: int, entropy: Any) -> int:  # noqa: ANN401 - passed on
        drawn.append(original(self, value, entropy))
        return drawn[-1]

    monkeypatch.setattr(Blur, "blurred", spied)
    return drawn
