"""Folders that a vault reads, and reading one of them to its end."""

import time
from pathlib import Path

from sealhold.model.ids import canonical
from sealhold.model.shown.steering import PlaceDraft, PlaceView
from sealhold.vault.steering import Steering

from .vaults import PASSPHRASE, calendar


def draft(folder: Path, name: str) -> PlaceDraft:
    folder.mkdir()
    calendar(folder / "plans.ics", ["red", "green"], uid=name)
    return PlaceDraft(name=name, kind="folder", place=str(folder))


def added(places: Steering, folder: Path, name: str) -> tuple[str, PlaceView]:
    view = places.add(draft(folder / name, name), PASSPHRASE)
    return canonical(view.source.id), view


def read(places: Steering, id_text: str) -> PlaceView:
    """Read a source to its end."""
    places.run(id_text)
    for _ in range(1_000):
        view = places.show(id_text)
        if not view.is_read:
            return view
        time.sleep(0.01)
    raise AssertionError("it is still being read")
