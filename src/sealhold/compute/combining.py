"""The memo of custom aggregates: one answer for the same results, evaluated once and kept.

- A task's own `aggregate` runs in a cell of its own over the sorted results, and what passed the
  gate is kept under manifest, parameter, selection and the results themselves, as a keyed hash.
  So it has no second try: neither a run near its limit nor chance can make it say two things.
- Timeout, crash and a foreign value are the default, kept like any other answer. Only if the host
  itself failed is nothing kept.

Source: docs/spec/09-leakage.md section 4.
"""

from collections import Counter
from collections.abc import Sequence

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute.aggregates import custom_answer
from sealhold.compute.office import Office
from sealhold.compute.replay import Program
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import ConflictError
from sealhold.stores.spec import ColumnKind, Expect, Put, TableSpec
from sealhold.vault.writer import Work

COMBINED = TableSpec(
    name="combined",
    columns={"name": ColumnKind.HASH32, "value": ColumnKind.SEALED},
    key=("name",),
    indexes={},
)


def combined(office: Office, program: Program, values: Sequence[int]) -> int:
    """Return what the task's own `aggregate` says of gated `values`, as it passed the gate.

    Raises:
        UnavailableError: the host could not run it; nothing is kept.
        ConflictError: the answer was neither kept nor there before.
    """
    name = _name(office, program, values)
    known = _kept(office, name)
    if known is not None:
        return known
    with office.broker() as broker:
        # THREAT T31: sorted, so that the order of objects carries nothing
        raw = broker.aggregate(program.code, sorted(values), program.limits)
    value = custom_answer(program.task.aggregate, raw, 1)
    core = office.core
    put = Put(
        COMBINED.name, (name, core.keys.memo.seal(pack(value), name, core.entropy)), Expect.ABSENT
    )
    event = Event(
        kind=EventKind.RUN,
        actor=Actor.VAULT,
        subject=office.teller.subject,
        collection=program.task.collection,
        task=program.task.digest,
        reason="aggregate",
    )
    try:
        # THREAT T190: kept before it is used, so the same results are never combined twice
        core.writer.commit(Work((put,), (office.teller.entry(event),)))
    except ConflictError:  # somebody was faster: theirs is the answer
        known = _kept(office, name)
        if known is None:
            raise
        return known
    return value


def _name(office: Office, program: Program, values: Sequence[int]) -> bytes:
    """Return the 32-byte name of what is combined; equal for equal results in any order."""
    scope = program.scope
    results = sorted(Counter(values).items())
    asked = [scope.task.digest, scope.params[0].id, scope.selections[0].id, results]
    return office.core.keys.identities.digest(b"combined", pack(asked))


def _kept(office: Office, name: bytes) -> int | None:
    found = office.core.store.get(COMBINED.name, [(name,)])[0]
    if found is None:
        return None
    return int(unpack_own(office.core.keys.memo.open(found.row[1], name)))
