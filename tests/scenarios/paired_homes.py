"""Two homes in one process that are devices of one person and meet at a stick."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sealhold.node import Node
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import request
from tests.scenarios.vaults import Hands, new_home, opened


@contextmanager
def paired_homes(folder: Path) -> Iterator[tuple[Node, Node]]:
    """Yield two unlocked vaults; the first one counts what they share.

    Args:
        folder: in which they lie as `one` and `other`, beside the stick; what they keep outside
            lies where `XDG_STATE_HOME` says.
    """
    with ExitStack() as stack:
        clock = Hands()
        one, other = (
            stack.enter_context(opened(new_home(folder / name, clock), clock))
            for name in ("one", "other")
        )
        work, joins = DeviceWork(one), DeviceWork(other)
        work.begin("one")
        work.add_carrier(f"folder:{folder / 'stick'}")
        keys = DeviceKeys.generate(other.parts.core.clock(), other.parts.core.entropy)
        shown = keys.signer.public + keys.box.public
        given = work.certify(shown, request("other", keys.published()), "full", ())
        theirs = work.introduction()
        entropy = other.parts.core.entropy
        for way in joining.accept(joins.devices, keys, "other", theirs, given, entropy):
            joins.keep_carrier(way)
        yield one, other


def sync(*nodes: Node, rounds: int = 3) -> None:
    """Have vaults do rounds by turns, without a trouble."""
    for _ in range(rounds):
        for node in nodes:
            with Rounds(DeviceWork(node)) as each:
                told = each.run()
                assert not told.troubles, told.troubles
