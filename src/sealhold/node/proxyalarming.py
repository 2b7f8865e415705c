"""What the owner sees of alarms before a rented database, and how they let go of what is held.

Source: docs/spec/66-alarms-and-reactions.md section 6.
"""

from typing import Final

from sealhold.model.quantities import Instant
from sealhold.model.shown.proxies import ProxyAlarm, ProxyHeld
from sealhold.node.node import Node
from sealhold.protect.tolerance import Held, Kind
from sealhold.vault.proxyalarms import ProxyAlarms, Told
from sealhold.vault.proxypolicies import Policies

SHOWN: Final = 10  # alarms beside the rest of a proxy's status
KINDS: Final = tuple(each.value for each in Kind)


class AlarmWork:
    """The alarms of one proxy of an open vault. For one thread."""

    def __init__(self, node: Node, proxy: str = "") -> None:
        """Take the proxy of this policy; empty for the only one in force.

        Raises:
            NotFoundError: no such policy is in force.
        """
        core = node.parts.core
        self.proxy = Policies(core).active(proxy).name
        self._alarms = ProxyAlarms(core, self.proxy)

    def recent(self, limit: int) -> tuple[ProxyAlarm, ...]:
        """Return the newest alarms.

        Raises:
            TamperedError: the log is not what was written.
        """
        return tuple(alarm_view(self.proxy, each) for each in self._alarms.recent(limit))

    def held(self) -> tuple[ProxyHeld, ...]:
        """Return what is held."""
        return tuple(held_view(self.proxy, each) for each in self._alarms.held())

    def release(self, kind: str, name: str) -> ProxyHeld:
        """Let go of something, from the next start of the proxy on.

        Raises:
            NotFoundError: it is not held.
            AuditUnavailableError: the log cannot be written.
        """
        return held_view(self.proxy, self._alarms.release(Kind(kind), name))


def held_view(proxy: str, held: Held) -> ProxyHeld:
    """Return what is held, with the command that lets go of it."""
    return ProxyHeld(
        proxy=proxy,
        kind=held.kind.value,
        name=held.name,
        cause=held.cause,
        at=Instant(held.at),
        undo=f"sealhold proxy release {proxy} --{held.kind.value} {held.name}",
    )


def alarm_view(proxy: str, told: Told) -> ProxyAlarm:
    """Return one alarm."""
    return ProxyAlarm(
        proxy=proxy,
        at=told.at,
        cause=told.cause,
        place=told.place,
        user=told.user,
        held=told.held,
    )
