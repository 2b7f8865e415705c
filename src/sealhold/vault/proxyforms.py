"""In which form each table lies at its provider, and the newest version of each column key.

- Both decide what is sent, so they are rows of the vault, under the set hash: an older version of a
  key, or a weaker form of a table, does not come back from a copy.
- They are durable before anything is made by them. What is on its way says so until it is over.

Source: docs/spec/68-turning-column-keys.md section 2.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection
from sealhold.protect.migrating.standing import Form, KeyOf, Standing, Table
from sealhold.stores.spec import Expect, Op
from sealhold.vault.core import Core
from sealhold.vault.proxyrows import ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

NOTED: Final = "how a table lies at its provider was noted"
TURNED: Final = "a key of a column was drawn anew"
ENDED: Final = "an older key of a column was ended"
_END: Final = "\0"  # between parts of a name; no part has it


class ProxyForms:
    """What is noted of the tables of one policy, and of all keys."""

    def __init__(self, core: Core, policy: str) -> None:
        self._core, self._policy = core, policy
        self._rows = ProxyRows(core)

    def all(self) -> dict[Table, Standing]:
        """Return what is noted of each table.

        Raises:
            SealBrokenError: a row is not what was written.
        """
        papers = [kept.paper for kept in self._rows.all(Thing.FORM)]
        return {
            (str(paper["schema"]), str(paper["table"])): _standing(paper)
            for paper in papers
            if paper["policy"] == self._policy
        }

    def newest(self, key: KeyOf) -> int:
        """Return the newest version of a key, from 1.

        Raises:
            SealBrokenError: the row is not what was written.
        """
        kept = self._rows.get(Thing.KEY, _END.join(key))
        return 1 if kept is None else int(kept.paper["version"])

    def put(self, standings: Mapping[Table, Standing]) -> None:
        """Note forms, durably.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        self.tell(NOTED, standings, self.ops(standings))

    def ops(self, standings: Mapping[Table, Standing]) -> list[Op]:
        """Return the operations that note forms."""
        return [self._put(*each) for each in standings.items()]

    def drop(self, table: Table) -> None:
        """Note that a table lies nowhere.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        kept = self._rows.get(Thing.FORM, self._name(table))
        if kept is not None:
            self.tell(NOTED, [table], [self._rows.drop(kept)])

    def turn(self, keys: Mapping[KeyOf, int], standings: Mapping[Table, Standing]) -> None:
        """Draw keys anew, and note the tables that are on their way to them: all or nothing.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        ops = [
            self._rows.put(
                Thing.KEY, _END.join(key), {"key": list(key), "version": version}, expect=Expect.ANY
            )
            for key, version in keys.items()
        ]
        self.tell(TURNED, standings, [*ops, *self.ops(standings)])

    def tell(self, reason: str, tables: Iterable[Table], ops: Sequence[Op] = ()) -> None:
        """Have what became of keys in the log, with the tables that they protect.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        teller = Teller(self._core.keys)
        events = [
            Event(
                kind=EventKind.PROXY,
                actor=Actor.OWNER,
                subject=teller.subject,
                collection=Collection(name),
                reason=reason,
            )
            for _, name in tables
        ]
        entries = tuple(teller.entry(each) for each in events)
        self._core.writer.commit(Work(tuple(ops), entries, releases=True))

    def _put(self, table: Table, standing: Standing) -> Op:
        schema, name = table
        paper: dict[str, Plain] = {
            "policy": self._policy,
            "schema": schema,
            "table": name,
            "now": _plain(standing.now),
            "next": None if standing.next is None else _plain(standing.next),
        }
        return self._rows.put(Thing.FORM, self._name(table), paper, expect=Expect.ANY)

    def _name(self, table: Table) -> str:
        return _END.join((self._policy, *table))


def _plain(form: Form) -> Plain:
    keys = [[*key, version] for key, version in sorted(form.keys.items())]
    return {"policy": form.policy, "keys": keys}


def _standing(paper: Mapping[str, Plain]) -> Standing:
    then = paper["next"]
    return Standing(_form(paper["now"]), None if then is None else _form(then))


def _form(said: Any) -> Form:  # noqa: ANN401  # reason: of a paper, whose form the vault made
    keys = {(str(a), str(b), str(c)): int(version) for a, b, c, version in said["keys"]}
    return Form(int(said["policy"]), keys)
