"""What a role on the server of a vault's rows has to be granted.

Source: docs/spec/04-stores.md section 11.
"""

from pathlib import Path

from sealhold.audit.tables import CHECKPOINT, LEAF, NODE
from sealhold.model.errors import InvalidError
from sealhold.node.places import places_of, sql_place
from sealhold.stores.pgroles import grants
from sealhold.vault.home import Home

ADDED_ONLY = (LEAF.name, NODE.name, CHECKPOINT.name)  # an entry that was written stands


def grants_of(folder: Path, role: str) -> list[str]:
    """Return the statements that let `role` work on the rows of a vault.

    Raises:
        InvalidError: its rows are on no server, or no such word can name a role.
        NoHomeError: there is no vault.
    """
    home = Home(folder)
    home.check()
    places = places_of(home)
    if not places.records:
        raise InvalidError("the rows of this vault lie in its folder")
    _, schema = sql_place(places)
    return grants(schema, role, ADDED_ONLY)
