"""Walks of one person's calendar, shared with another as records."""

import json
from collections.abc import Sequence
from pathlib import Path

from sealhold.node.contactwork import ContactWork
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.shareforms import ShareForm, clauses_of
from sealhold.node.sharework import ShareWork
from tests.scenarios.met_people import Vault
from tests.scenarios.vaults import NOON, calendar, opened

NAME = "walks"


def form(**more: object) -> ShareForm:
    """Return a share of the walks without their names and their time of day."""
    said = {
        "people": ("bo",),
        "dataset": "events",
        "rows": "summary in ('walk by the sea', 'walk at noon', 'walk home')",
        "purposes": ("ServiceProvision",),
        "omit": ("uid", "end", "offset_min", "zone"),
        "precision": ("round(start, 1d)",),
    }
    return ShareForm(**{**said, **more})  # type: ignore[arg-type]  # reason: fields by name


def take_in(vault: Vault, path: Path, summaries: Sequence[str], uid: str = "u") -> None:
    """Take events into a vault."""
    with opened(vault.home) as node:
        node.sources.import_paths([calendar(path, summaries, uid=uid)])


def share(vault: Vault, wanted: ShareForm, name: str = NAME) -> None:
    """Share what a form says, whatever is found."""
    with vault.work() as work:
        shares = ShareWork(work)
        draft = shares.draft(name, clauses_of(wanted, shares, NOON))
        shares.create(draft, draft.effect.digest, draft.found)


def accepted(ada: Vault, bo: Vault) -> None:
    """Have bo take on what ada shares."""
    for vault in (ada, bo, ada, bo):
        assert vault.sync() == ()
    with bo.work() as work:
        mine = SharedWithMe(work, {})
        for offer in mine.offers():
            mine.take(offer)
    assert bo.sync() == ()
    assert bo.sync() == ()


def carried(ada: Vault, bo: Vault) -> None:
    """Bring what ada changed to bo."""
    assert ada.sync() == ()
    assert bo.sync() == ()


def read(vault: Vault, name: str = NAME) -> dict[str, dict[str, object] | None]:
    """Return what somebody reads of a share, by the names of its objects; None: no answer yet."""
    found: dict[str, dict[str, object] | None] = {}
    with vault.work() as work:
        mine = SharedWithMe(work, ContactWork(work).names())
        there, paper = mine.named(name)
        for path in mine.view(there, paper).objects:
            wish = mine.wish(paper, mine.object(there, path), "view", "")
            content = mine.open(there, paper, wish)
            found[path] = None if content is None else json.loads(b"".join(content))
    return found
