"""What becomes of a client's text: parsed, and a plan made for each statement of it.

Source: docs/spec/60-statements.md section 1.
"""

from collections.abc import Sequence
from typing import Final

import postgast
from google.protobuf import message
from postgast import pg_query_pb2 as pb

from sealhold.protect.policy import Policy
from sealhold.protect.sql.names import Names
from sealhold.protect.sql.plan import Control, Plan, Refused, Verb
from sealhold.protect.sql.rules import Rules, Tables
from sealhold.protect.sql.statement import TOO_DEEP, plan_one

SYNTAX: Final = "42601"


class Planner:
    """Makes plans under one policy."""

    def __init__(self, policy: Policy, columns: Tables) -> None:
        self.policy = policy
        self._rules = Rules(policy, columns)

    def is_listed(self, schema: str, name: str) -> bool:
        """Whether the policy lets a table be used."""
        return self._rules.is_listed(schema, name)

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        """Return a plan for each statement of a text; `oids` are declared types of `$n`."""
        try:
            parsed = postgast.parse(text)
        except postgast.PgQueryError as err:
            return (Refused(SYNTAX, str(err.message), position=max(err.cursorpos, 0)),)
        except message.Error:
            return (TOO_DEEP,)
        if not parsed.stmts:
            return (Control(Verb.EMPTY, ""),)
        raw = text.encode()
        return tuple(
            plan_one(self._rules, each.stmt, _part(raw, each), oids, names) for each in parsed.stmts
        )


def _part(raw: bytes, statement: pb.RawStmt) -> str:
    end = statement.stmt_location + statement.stmt_len if statement.stmt_len else len(raw)
    return raw[statement.stmt_location : end].decode().strip()
