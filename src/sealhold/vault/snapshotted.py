"""What a snapshot holds: areas, names in them, and what stands at each.

- What is set, and not what happens: no record, no use, no count, no password, no key.
- What does not fit into a digest stands whole, so that it can be read once its row is gone.

Source: docs/spec/46-snapshots.md section 1.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sealhold import __version__
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import Plain, from_json
from sealhold.model.ids import canonical
from sealhold.stores.spec import Found, TableSpec
from sealhold.vault.caps import CAPS
from sealhold.vault.catalogue import FILE, JOBS, SOURCES
from sealhold.vault.collectionrules import COLLECTIONS
from sealhold.vault.grants import GRANTS
from sealhold.vault.papers import Papers
from sealhold.vault.policytokenrows import BONDS, POLICY_TOKENS
from sealhold.vault.registry import APPS
from sealhold.vault.schemarows import SCHEMAS
from sealhold.vault.settings import SETTINGS, UNSAID
from sealhold.vault.snapshotrows import COUNT
from sealhold.vault.standingrules import RULES

Area = dict[str, Plain]
UNDER_WAY: Final = "running"  # of a reading: it is told once it ended
MILLISECONDS: Final = 1_000
NO_CHOICES: Final = frozenset({UNSAID, COUNT})  # settings that the vault makes by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Where what is set is looked up."""

    rows: Callable[[TableSpec], Iterable[Found]]
    papers: Papers  # the owner's
    form: int  # of the rows

    def opened(self, table: TableSpec) -> Iterable[tuple[tuple[Plain, ...], Plain]]:
        """Yield the clear columns and the paper of each row of a table.

        Raises:
            SealBrokenError: a row is not what was written.
        """
        for found in self.rows(table):
            *clear, paper = found.row
            yield tuple(clear), self.papers.open(table.name, tuple(clear), paper)


def areas(looked: Looked) -> dict[str, Area]:
    """Return each area that is not empty, with what stands at each name.

    Raises:
        SealBrokenError: a row is not what was written.
    """
    found = {
        "program": {"sealhold": {"version": __version__, "form": looked.form}},
        "settings": _settings(looked),
        "apps": _apps(looked),
        "grants": _grants(looked),
        "rules": {
            canonical(rule): {"effect": effect, **_rule(paper["rule"])}
            for (rule, effect), paper in looked.opened(RULES)
        },
        "tokens": _tokens(looked),
        "schemas": _schemas(looked),
        **_sources(looked),
        "imports": _imports(looked),
    }
    return {name: area for name, area in found.items() if area}


def _rule(envelope: bytes) -> dict[str, Plain]:
    """Return what a rule says; whether it was signed is asked where it decides."""
    _, payload, _ = dsse.read_unverified(envelope)
    return {"says": from_json(payload), "document": sha256(envelope)}


def _settings(looked: Looked) -> Area:
    said = {f"setting {f.row[0]}": f.row[1] for f in looked.rows(SETTINGS) if _is_choice(f)}
    return said | {f"cap {found.row[0]}": found.row[1] for found in looked.rows(CAPS)}


def _is_choice(found: Found) -> bool:
    return found.row[0] not in NO_CHOICES


def _apps(looked: Looked) -> Area:
    return {
        canonical(app): {"name": paper["name"], "state": state, "key": sha256(paper["key"])}
        for (app, state), paper in looked.opened(APPS)
    }


def _grants(looked: Looked) -> Area:
    return {
        canonical(grant): {
            "app": app,
            "request": request,
            "state": state,
            "granted": granted,
            "ended": ended,
            "document": sha256(paper["grant"]),
        }
        for (grant, request, app, state, granted, ended, *_), paper in looked.opened(GRANTS)
    }


def _tokens(looked: Looked) -> Area:
    bound: dict[bytes, list[bytes]] = defaultdict(list)
    for found in looked.rows(BONDS):
        bound[found.row[0]].append(found.row[1])
    return {
        canonical(token): {
            "state": state,
            "effect": effect,
            "until": until,
            "grants": sorted(bound[token]),
        }
        for token, state, effect, _, until, _ in (f.row for f in looked.rows(POLICY_TOKENS))
    }


def _schemas(looked: Looked) -> Area:
    found: Area = {}
    for (app, version), paper in looked.opened(SCHEMAS):
        found.setdefault(canonical(app), {})["profile"] = [version, paper]
    for (app, name, version), paper in looked.opened(COLLECTIONS):
        found.setdefault(canonical(app), {})[f"collection {name}"] = [version, paper]
    return found


def _sources(looked: Looked) -> Mapping[str, Area]:
    sources: Area = {}
    readers: dict[str, set[str]] = defaultdict(set)
    for (source, _), paper in looked.opened(SOURCES):
        sources[canonical(source)] = {
            "name": paper["name"],
            "kind": paper.get("kind", FILE),
            "reader": paper["connector"],
            "mode": paper.get("mode", ""),
            "settings": paper.get("settings", {}),
            "schedule": paper.get("schedule", ""),
        }
        for connector, version in paper.get("readers", {}).items():
            readers[connector].add(version)
    return {
        "sources": sources,
        "connectors": {name: sorted(versions) for name, versions in readers.items()},
    }


def _imports(looked: Looked) -> Area:
    months: Area = {}
    for found in looked.rows(JOBS):
        job, _, source, digest, state, _ = found.row
        if state != UNDER_WAY:
            months.setdefault(month_of(job), {})[canonical(job)] = [source, digest, state]
    return months


def month_of(job: bytes) -> str:
    """Return the month in which a reading began: its id begins with that time."""
    at = int.from_bytes(job[:6])
    return datetime.fromtimestamp(at / MILLISECONDS, UTC).strftime("%Y-%m")
