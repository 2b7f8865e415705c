"""Two people who met: each with a vault, the other's card, and a place that both have."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sealhold.node.contactwork import ContactWork
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from tests.scenarios.vaults import Hands, new_home, opened


@dataclass
class Vault:
    """A person's vault, and the commands' way into it."""

    home: Path
    name: str
    clock: Hands | None = None

    @contextmanager
    def work(self) -> Iterator[DeviceWork]:
        """Open it."""
        with opened(self.home, self.clock) as node:
            yield DeviceWork(node)

    def sync(self) -> tuple[str, ...]:
        """Go one round; return what could not be done."""
        with self.work() as work, Rounds(work) as rounds:
            return rounds.run().troubles


def two_people(tmp_path: Path) -> tuple[Vault, Vault]:
    """Return ada and bo, who verified each other."""
    place = tmp_path / "stick"
    place.mkdir()
    found: list[Vault] = []
    cards: list[str] = []
    for name in ("ada", "bo"):
        vault = Vault(new_home(tmp_path / name), name)
        with vault.work() as work:
            work.begin(f"{name}'s laptop")
            work.add_carrier(f"folder:{place}")
            cards.append(ContactWork(work).card(name).text)
        found.append(vault)
    for vault, other, text in zip(found, reversed(found), reversed(cards), strict=True):
        with vault.work() as work:
            contacts = ContactWork(work)
            card = contacts.read(text)
            contacts.add(card, other.name)
            contacts.verify(other.name, " ".join(card.words))
    return found[0], found[1]
