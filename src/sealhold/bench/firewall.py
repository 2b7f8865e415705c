"""`sealhold bench firewall`: what a decision costs, and opening one record after it.

Source: docs/benchmarks.md.
"""

from typing import Final

from sealhold.audit.event import Actor as Who
from sealhold.audit.event import Event, EventKind
from sealhold.bench.harness import Bench, per_call
from sealhold.bench.tables import write_table
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.model.ids import AppId, Collection, FieldName, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.node import Node, opened
from sealhold.policy.decide import decide
from sealhold.policy.facts import Actor, Ask, Facts, Standing
from sealhold.vault.firewall import Firewall
from sealhold.vault.objects import Objects

ROWS: Final = 2_000
MICRO: Final = 1_000_000


def measure(bench: Bench) -> None:
    """Time a decision and an opening, each by itself."""
    ask, facts = _question()
    bench.check(decide(ask, facts).permit, "the owner is refused")
    bench.figures["decide_us"] = bench.median(per_call(lambda: decide(ask, facts), 2_000)) * MICRO
    home = bench.folder / "home"
    new_vault(home)
    table = write_table(bench.folder / "table.csv", ROWS)
    with opened(home, PASSPHRASE) as node:
        node.sources.import_paths([table])
        bench.figures["open_us"] = _open(bench, node)


def _open(bench: Bench, node: Node) -> float:
    """Return the microseconds of one record of a whole collection: read, opened, handed out."""
    core = node.parts.core
    firewall = Firewall(core, Objects(core.store, core.objects, core.keys, core.entropy))
    event = Event(kind=EventKind.READ, actor=Who.OWNER, rows_read=ROWS, rows_out=ROWS)

    def open_all() -> None:
        opened = sum(1 for _ in firewall.collection(Collection("rows"), event))
        bench.check(opened == ROWS, f"{opened} records of {ROWS}")

    return bench.median(per_call(open_all, 1)) / ROWS * MICRO


def _question() -> tuple[Ask, Facts]:
    ask = Ask(
        actor=Actor.OWNER,
        app=AppId(Id16(bytes(16))),
        purpose=Purpose("ServiceProvision"),
        collection=Collection("rows"),
        fields=frozenset({FieldName("cells")}),
        task=TaskDigest(bytes(32)),
        param="",
        selection="",
        cost=MicroBits(0),
    )
    facts = Facts(
        now=Instant(1_795_000_000_000),
        app=Standing.ACTIVE,
        subject=Standing.ACTIVE,
        task=Standing.ACTIVE,
        held=(),
        objected=frozenset(),
        restricted=False,
        retain_until=None,
        budget_left=MicroBits(0),
    )
    return ask, facts
