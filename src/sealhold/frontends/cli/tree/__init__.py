"""Every command: its word, one line about it, an example, and where its code is.

- Code is imported by the function beside the word, when the command is chosen.
- The line is the first one of the command's help; a test compares them, and runs each example.
"""

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.tree.contacts import CONTACT
from sealhold.frontends.cli.tree.devices import DEVICE
from sealhold.frontends.cli.tree.documents import DOCUMENT
from sealhold.frontends.cli.tree.others import OTHERS
from sealhold.frontends.cli.tree.proof import PROOF
from sealhold.frontends.cli.tree.proxy import PROXY
from sealhold.frontends.cli.tree.relay import RELAY
from sealhold.frontends.cli.tree.share import SHARE
from sealhold.frontends.cli.tree.vault import VAULT

ABOUT = """sealhold: your data stays, answers leave.

A vault for what is by you and about you. Apps send a small program to it and get an answer
whose worst-case leak is known in bits; everything that happened is in a log that cannot be
changed unnoticed.

Your own data in three lines: sealhold init; sealhold import FILE...; sealhold serve
"""


def tree(more: Mapping[str, Entry]) -> Group:
    """Return all commands; `more` are those of packages above the front ends."""
    relay = Group(about="For whoever runs a relay between devices.", entries=RELAY)
    device = Group(about="One vault on all your devices.", entries=DEVICE)
    document = Group(about="Texts that all your devices edit at once.", entries=DOCUMENT)
    contact = Group(about="Other people: their cards, and letters between you.", entries=CONTACT)
    share = Group(about="Something of yours, for somebody else.", entries=SHARE)
    proxy = Group(about="Rented databases that cannot read what they hold.", entries=PROXY)
    own = {"device": device, "document": document}
    between = {**own, "contact": contact, "share": share, "relay": relay, "proxy": proxy}
    return Group(about=ABOUT, entries={**VAULT, **OTHERS, **PROOF, **between, **more})
