"""Which entries of a membership log count: what a removed device does at the same time is void.

- A removal voids what its device wrote and did not write before it, unless that stands on a later
  grant. What stands on a void grant is void, however long the chain.
- Removals that void each other clash. A clash suspends whom it names, and no admin's grant lifts
  that: a later certificate by the root does.
- A certificate by the root that is newer than a removal knew holds against it.

Source: docs/spec/12-membership.md section 6.
"""

from dataclasses import dataclass

from sealhold.model.ids import DeviceId
from sealhold.sharing.devices.membergraph import Graph, Node
from sealhold.sharing.devices.strikes import Verdict, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of the entries of a set."""

    inside: int
    void: int  # entries that do not count
    verdicts: dict[int, Verdict]  # by the number of a removal
    rings: dict[int, frozenset[int]]  # by the number of a removal that clashes: its ring

    def counts(self, node: Node) -> bool:
        """Return whether an entry is in the set and counts."""
        return bool(self.inside >> node.number & 1) and not self.void >> node.number & 1


def judged(graph: Graph, inside: int) -> Judged:
    """Return what becomes of the entries of a set that holds all before each of them."""
    strikes = {node.number: node for node in graph.strikes if inside >> node.number & 1}
    rings: dict[int, frozenset[int]] = {}
    while True:
        reach = {
            number: _reach(graph, node, inside, clashing=number in rings)
            for number, node in strikes.items()
        }
        voided_by = {number: _voiding(node, reach) for number, node in strikes.items()}
        verdicts, found = judge(voided_by, rings.keys())
        if not found:
            break
        # what a clash reaches is more than what a removal does: look again with that
        rings |= {number: ring for ring in found for number in ring}
    return Judged(
        inside=inside,
        void=_void(graph, inside, verdicts, reach),
        verdicts=verdicts,
        rings=rings,
    )


def spares(graph: Graph, strike: Node, grant: Node, *, clashing: bool) -> bool:
    """Return whether a removal leaves a grant to its device as it is."""
    if strike.certified is not None and not clashing and not grant.makes_admin:
        return True  # another role takes the rights of an admin, and leaves a member one
    # THREAT T457: a clash is ended by the root alone
    if grant is strike or grant.past & strike.bit:
        return not clashing or grant.by_root
    return grant.by_root and graph.is_fresh(grant.actor, strike.past)


def killers(graph: Graph, found: Judged, grant: Node, device: DeviceId) -> dict[int, Verdict]:
    """Return the removals that end a grant to `device`, with what became of each."""
    return {
        node.number: found.verdicts[node.number]
        for node in graph.struck.get(device, ())
        if found.verdicts.get(node.number, Verdict.VOID) is not Verdict.VOID
        and not spares(graph, node, grant, clashing=node.number in found.rings)
    }


def _reach(graph: Graph, strike: Node, inside: int, *, clashing: bool) -> int:
    """Return the entries that a removal voids if it counts or clashes."""
    found = 0
    for grant in graph.grants_to(strike.strikes):
        if inside & grant.bit and not spares(graph, strike, grant, clashing=clashing):
            found |= graph.resting.get(grant.number, 0)
    return found & inside & ~strike.past & ~strike.bit


def _voiding(strike: Node, reach: dict[int, int]) -> set[int]:
    """Return the removals that void one."""
    chain = strike.chain
    if strike.strikes == strike.entry.draft.actor:
        chain &= ~strike.bit  # who leaves may always leave
    return {number for number, each in reach.items() if each & chain and number != strike.number}


def _void(graph: Graph, inside: int, verdicts: dict[int, Verdict], reach: dict[int, int]) -> int:
    found = 0
    for number, verdict in verdicts.items():
        if verdict is not Verdict.VOID:
            found |= reach[number]
    for node in graph.within(inside):
        verdict_then = verdicts.get(node.number)
        if verdict_then is Verdict.COUNTS:
            found &= ~node.bit
        elif verdict_then is not None or node.chain & found:
            found |= node.bit
    return found
