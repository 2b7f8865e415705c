"""What the role that a vault works under on a server may do there: rows of its tables, no more.

- It makes, changes and drops no table, and reads no other schema. `init`, `restore` and `upgrade`
  want a role that may.
- Of a table whose rows are only ever added it changes and removes none.

Source: docs/spec/04-stores.md section 11; PostgreSQL 15, GRANT.
"""

import re
from collections.abc import Collection

from sealhold.model.errors import InvalidError

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def grants(schema: str, role: str, added_only: Collection[str]) -> list[str]:
    """Return the statements that let `role` work on a schema; its owner runs them.

    `added_only` are declared tables whose rows are added and never changed.

    Raises:
        InvalidError: no such word can name a role.
    """
    # THREAT T323: a role with a quote or an end of line in it would grant what it likes
    if not _ROLE.fullmatch(role):
        raise InvalidError(f"`{role[:64]}` cannot name a role")
    every = f"ALL TABLES IN SCHEMA {schema}"
    rows = "GRANT SELECT, INSERT, UPDATE, DELETE ON"
    only = ", ".join(f"{schema}.t_{name}" for name in sorted(added_only))
    return [
        f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;",
        f"REVOKE ALL ON {every} FROM PUBLIC, {role};",
        f"GRANT USAGE ON SCHEMA {schema} TO {role};",
        f"{rows} {every} TO {role};",
        # THREAT T323: who gets hold of this role neither changes the log nor takes tables away
        f"REVOKE UPDATE, DELETE ON {only} FROM {role};",
        f"REVOKE INSERT, UPDATE, DELETE ON {schema}.s_meta FROM {role};",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} {rows} TABLES TO {role};",
    ]
