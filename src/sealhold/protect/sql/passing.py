"""Which statements go on as they are, and what they change here when they do.

- Clear statements do, and statements about the session that concern nothing protected.

Source: docs/spec/56-postgresql-proxy.md section 4.
"""

from typing import Final

from sealhold.protect.sql.plan import Control, Plan, Relay, Touch, Verb
from sealhold.protect.sql.talk import Statement, Talk

_ENDINGS: Final = (Verb.COMMIT, Verb.ROLLBACK)
# Statements about the session that the provider is sent as they are, whatever else is kept of them.
PASSING: Final = frozenset((
    Verb.BEGIN, Verb.COMMIT, Verb.ROLLBACK, Verb.SAVEPOINT, Verb.SET, Verb.EMPTY, Verb.DISCARD
))  # fmt: skip


def passes(talk: Talk, plan: Plan) -> bool:  # noqa: PLR0911  reason: a case for each kind
    """Whether a statement goes to the provider as it is."""
    if isinstance(plan, Relay):
        return True
    if not isinstance(plan, Control) or (not plan.sql and plan.verb is Verb.SET):
        return False
    if plan.verb in PASSING:
        return True
    if plan.verb in {Verb.PREPARE, Verb.DECLARE}:
        return plan.inner is not None and passes(talk, plan.inner)
    if plan.verb in {Verb.FETCH, Verb.CLOSE}:
        return plan.name not in talk.cursors
    statement = talk.statements.get(plan.name.encode())
    if plan.verb is Verb.EXECUTE:
        return statement is not None and statement.is_relayed and statement.epoch == talk.epoch
    return statement is None or statement.is_relayed


def touch_of(talk: Talk, plan: Plan) -> Touch | None:
    """Return what the gate is asked before a statement goes on; None if it needs no leave."""
    if isinstance(plan, Relay):
        return plan.touch
    if not isinstance(plan, Control):
        return None
    if plan.verb is Verb.EXECUTE:
        statement = talk.statements.get(plan.name.encode())
        return None if statement is None else touch_of(talk, statement.plan)
    return None if plan.inner is None else touch_of(talk, plan.inner)


def is_ending(plan: Plan) -> bool:
    """Whether a statement ends a transaction, also a failed one."""
    return isinstance(plan, Control) and plan.verb in _ENDINGS


def ran(talk: Talk, plan: Plan) -> None:
    """Note what a statement that went on changes here."""
    if isinstance(plan, Relay):
        if plan.changes_names:
            talk.names_change()
        return
    if not isinstance(plan, Control):
        return
    match plan.verb:
        case Verb.ROLLBACK if talk.changed_here:
            talk.is_dirty = True
        case Verb.SET:
            talk.learn(plan.name, plan.value)
        case Verb.PREPARE if plan.inner is not None:
            name = plan.name.encode()
            talk.statements.setdefault(
                name,
                Statement(
                    name, plan.sql, (), plan.inner, talk.epoch, is_relayed=True, is_by_sql=True
                ),
            )
        case Verb.DEALLOCATE if plan.name:
            talk.statements.pop(plan.name.encode(), None)
        case Verb.DEALLOCATE | Verb.DISCARD:
            if plan.verb is Verb.DEALLOCATE or plan.value == "ALL":
                talk.forget_statements()
        case _:
            return
