"""Vaults of several people who meet at a stick: the first has a recovery secret on paper."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sealhold.model.quantities import DAY, Instant
from tests.scenarios.test_contact_commands import Desk


def desks_of(folder: Path, names: Sequence[str]) -> dict[str, Desk]:
    """Return vaults; the first person and each other one verified each other."""
    found: dict[str, Desk] = {}
    first, *others = names
    for name in names:
        (folder / name).mkdir()
        desk = found[name] = Desk(folder / name, name)
        for line in (
            f"init --headless{' --recovery paper' if name == first else ''}",
            "device begin laptop",
            f"device place add folder:{folder / 'stick'}",
        ):
            assert desk.line(line).code == 0, line
    words = {}
    for name, desk in found.items():
        card = desk.told("contact", "card", "--name", name, "--file", f"{folder / name}.card")
        words[name] = card["words"]
    for name in others:
        for one, other in ((found[first], name), (found[name], first)):
            one.told("contact", "add", str(folder / f"{other}.card"))
            one.told("contact", "verify", other, " ".join(words[other]))
    return found


def sync(desks: Iterable[Desk]) -> None:
    """Have each leave and take letters."""
    for each in desks:
        ended = each("device", "sync")
        assert ended.code == 0, ended.err


def go_on(desks: Iterable[Desk], days: float) -> None:
    """Have time pass for all."""
    for each in desks:
        each.now = Instant(each.now + int(days * DAY))
