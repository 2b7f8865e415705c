"""Making a vault, before there is one to open.

Source: docs/architecture.md section 3.
"""

from pathlib import Path

from sealhold.node.places import Places
from sealhold.node.storing import stored
from sealhold.node.world import World
from sealhold.vault import access
from sealhold.vault.access import PLAIN, Keeping, Way
from sealhold.vault.home import Home


def create(
    folder: Path,
    passphrase: str,
    *,
    headless: bool,
    way: Way = Way.PASSPHRASE,
    keeping: Keeping = PLAIN,
    places: Places | None = None,
    world: World | None = None,
) -> None:
    """Make a new, empty vault, whose rows and packs lie in `places`; if None, in the folder.

    Where `way` is a key, its text stands wherever a passphrase is asked for.

    Raises:
        ConflictError: the folder holds something already.
        InvalidError: an empty passphrase, a key that is not random, or a schema that is not empty.
        UnavailableError: a server or a device does not answer.
    """
    world, places = world or World(), places or Places()
    parts = stored(Home(folder, places.text()), world, places)
    access.create(parts, passphrase, world.stretch, headless=headless, way=way, keeping=keeping)
