"""The composition root: builds the parts of one vault and hands them out; holds no rule itself.

- A `Node` is locked or open. Locked, it has a home and nothing else; open, it has every part, and
  `lock` drops them with their keys.
- Faces get the parts as they are: there is no method here that passes a call on.
- What works without a vault, such as checking a task or a proof, is loaded when it is first asked
  for: a server that idles never needs it.

Source: docs/architecture.md section 3.
"""
# ruff: noqa: PLC0415  reason: what only some commands need is imported when it is asked for

from typing import TYPE_CHECKING

from sealhold.config import (
    KEY_FILE_VARIABLE,
    PASSPHRASE_VARIABLE,
    PIN_VARIABLE,
    RECOVERY_VARIABLE,
    home_folder,
)
from sealhold.connectors.runner import Progress
from sealhold.node.creating import create
from sealhold.node.looking import Found, datasets, look
from sealhold.node.node import Node, opened
from sealhold.node.openparts import OpenParts
from sealhold.node.places import Places
from sealhold.node.wholenode import WholeNode
from sealhold.node.world import World, system_clock
from sealhold.vault.access import (
    ByRecovery,
    Keeper,
    Keeping,
    Way,
    key_in,
    new_key_file,
    new_recovery,
    recovery_in,
)
from sealhold.vault.catalogue import JobRow, SourceRow
from sealhold.vault.rollback import Accepted
from sealhold.vault.taking import Taken

if TYPE_CHECKING:
    from sealhold.compute import appkit, evidencekit, taskfolder, taskkit
    from sealhold.compute.proof_rules import Policy
    from sealhold.compute.pullers import kinds
    from sealhold.compute.runner import runners
    from sealhold.compute.verify import verify_files
    from sealhold.compute.vouching import Terms

__all__ = [  # made here, or handed out to the faces as it is
    "KEY_FILE_VARIABLE",
    "PASSPHRASE_VARIABLE",
    "PIN_VARIABLE",
    "RECOVERY_VARIABLE",
    "Accepted",
    "ByRecovery",
    "Found",
    "JobRow",
    "Keeper",
    "Keeping",
    "Node",
    "OpenParts",
    "Places",
    "Policy",
    "Progress",
    "SourceRow",
    "Taken",
    "Terms",
    "Way",
    "WholeNode",
    "World",
    "appkit",
    "create",
    "datasets",
    "evidencekit",
    "home_folder",
    "key_in",
    "kinds",
    "look",
    "new_key_file",
    "new_recovery",
    "opened",
    "recovery_in",
    "runners",
    "system_clock",
    "taskfolder",
    "taskkit",
    "verify_files",
]


def __getattr__(name: str) -> object:
    """Load what works without a vault.

    Raises:
        AttributeError: there is no such name.
    """
    found: object
    match name:
        case "appkit":
            from sealhold.compute import appkit as found
        case "evidencekit":
            from sealhold.compute import evidencekit as found
        case "taskfolder":
            from sealhold.compute import taskfolder as found
        case "taskkit":
            from sealhold.compute import taskkit as found
        case "kinds":
            from sealhold.compute.pullers import kinds as found
        case "Policy":
            from sealhold.compute import proof_rules

            found = proof_rules.Policy
        case "Terms":
            from sealhold.compute import vouching

            found = vouching.Terms
        case "runners":
            from sealhold.compute.runner import runners as found
        case "verify_files":
            from sealhold.compute.verify import verify_files as found
        case _:
            raise AttributeError(name)
    return found
