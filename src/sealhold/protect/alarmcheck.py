"""Whether what a policy says of detectors and reactions can be meant so.

Source: docs/spec/66-alarms-and-reactions.md section 7.
"""

from typing import Final

from sealhold.protect.baiting import CAN_BE
from sealhold.protect.detecting import MOST_DISTINCT
from sealhold.protect.findings import Findings
from sealhold.protect.policy import Csp, Policy, TablePolicy
from sealhold.protect.tomllines import Path
from sealhold.protect.typefamilies import kind_of

_AGAINST_PROVIDERS: Final = "failover"


def check_alarms(policy: Policy, findings: Findings) -> None:
    """Add what is wrong or doubtful about replicas, decoys, limits and reactions."""
    csps = {each.id: each for each in policy.csps}
    for number, csp in enumerate(policy.csps):
        if csp.replica_of:
            _check_replica(csp, csps, ("csp", number, "replica_of"), findings)
    replicated = {each.replica_of for each in policy.csps}
    for number, table in enumerate(policy.tables):
        path: Path = ("table", number)
        if table.bait:
            _check_bait(table, (*path, "bait"), findings)
        if table.distinct_per_hour > MOST_DISTINCT:
            findings.error(
                "bad-value",
                (*path, "rate", "distinct_per_hour"),
                f"different rows of `{table.name}` are counted up to {MOST_DISTINCT:,}",
                "take a lower limit, or none",
            )
        if _AGAINST_PROVIDERS in table.reactions and replicated.isdisjoint(table.csps[:1]):
            findings.warning(
                "no-effect",
                (*path, "reactions"),
                f"`{table.name}` lies at one provider: there is none to fail over to",
                "add a `[[csp]]` with `replica_of`, or take `failover` out",
            )


def _check_replica(csp: Csp, csps: dict[str, Csp], path: Path, findings: Findings) -> None:
    of = csps.get(csp.replica_of)
    if of is None or of is csp or of.replica_of or {of.kind, csp.kind} != {"postgres"}:
        findings.error(
            "replica",
            path,
            f"`{csp.id}` replicates `{csp.replica_of}`, which is no other provider of rows",
            "name a `[[csp]]` of kind `postgres` that is no replica itself",
        )


def _check_bait(table: TablePolicy, path: Path, findings: Findings) -> None:
    unknown = [each for each in table.columns if kind_of(each.type).family not in CAN_BE]
    if not table.is_protected or table.integrity.value not in {"cell", "none"}:
        findings.error(
            "bait",
            path,
            f"`{table.name}` is a decoy that shows it: it has no protected column, or another"
            " integrity than cells have",
            "protect it as the tables are that it stands among",
        )
    if unknown:
        findings.error(
            "bait",
            path,
            f"nothing can be made up for `{table.name}.{unknown[0].name}`",
            "take texts, numbers, dates, times, truth values or uuids",
        )
