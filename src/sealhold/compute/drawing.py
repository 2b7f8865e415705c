"""The draw of noise for one question of one day: paid first, drawn once, and the same for all.

- A question is manifest, parameter, selection and granted fields; whoever asks it of the same day
  gets the same blurred answer, coarser if their grant says so. Without that, the mean of what
  several askers got would be sharper than any of it.
- The day is that of the epoch, or of the approval where the objects are frozen. It never depends
  on the data, so neither does whether an answer is new.
- What is kept is the blurred answer, never the noise: noise that met two different values would
  cancel out between them.

Source: docs/spec/17-noise.md section 3.
"""

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.compute.allowing import event_of, told_wanting
from sealhold.compute.asked import Asked
from sealhold.compute.noising import Blur, blur_of
from sealhold.compute.office import Office
from sealhold.compute.slots import epoch_of
from sealhold.compute.task import Scope
from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    BudgetAwayError,
    ConflictError,
    DeniedError,
    NoiseExhaustedError,
)
from sealhold.model.ids import FieldName
from sealhold.model.quantities import Instant, year_of
from sealhold.stores.spec import ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.grants import GrantRow
from sealhold.vault.noisebudget import Draw, NoiseBudget
from sealhold.vault.shares import Shares, of_noise
from sealhold.vault.writer import Work

BLURRED = TableSpec(
    name="blurred",
    columns={
        "name": ColumnKind.HASH32,
        "day": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("name", "day"),
    indexes={},
)


def draw_of(scope: Scope, day: int) -> Draw:
    """Return which draw the answer of a task's one parameter and one selection rests on."""
    # THREAT T189: neither app, grant, coarseness nor data is in it, so none of them is a new draw
    param, selection = scope.params[0].id, scope.selections[0].id
    seen = [] if scope.said.is_whole else [[scope.said.rows, list(scope.said.precision)]]
    asked = pack([scope.task.digest, param, selection, sorted(scope.fields), *seen])
    return Draw(name=tagged(Tag.NOISE, asked), day=day)


def day_of(asked: Asked, row: GrantRow, epoch: int) -> int:
    """Return the day of a grant's answer: of its epoch, or of the approval of a frozen set."""
    frozen = asked.signed.task.input.objects == "frozen"
    return epoch_of(row.granted_at) if frozen else epoch


def noise_ops(
    office: Office, asked: Asked, fields: frozenset[FieldName], day: int, now: Instant
) -> tuple[Op, ...]:
    """Return the operations that pay for the noise of an answer; none if it has none.

    Raises:
        NoiseExhaustedError: the collection's noise budget does not cover it; the log tells so.
        BudgetAwayError: another device counts it, and lent too little; the log tells so.
    """
    blur = blur_of(asked.signed.task)
    if blur is None:
        return ()
    draw, collection = draw_of(asked.scope(fields), day), asked.dataset.name
    try:
        core, year = office.core, year_of(now)
        ops = NoiseBudget(core.deciding).ops(draw, collection, blur.cost, year)
        if not ops:
            return ()
        shares = Shares(core.deciding, core.keys.budgets)
        return (*ops, *shares.ops((of_noise(collection, year), blur.cost)))
    except BudgetAwayError as err:
        told_wanting(office, asked, err)
        raise
    except NoiseExhaustedError:
        refused = event_of(office, asked, EventKind.DECISION, Actor.VAULT)
        event = structs.replace(refused, outcome=Outcome.DENIED, reason="noise_budget")
        office.core.writer.commit(Work((), (office.teller.entry(event),)))
        raise


def blurred_answer(office: Office, blur: Blur, scope: Scope, day: int, value: int) -> int:
    """Return the blurred answer of a draw: the one that is kept, or `value` with fresh noise.

    Raises:
        DeniedError: the draw was never paid.
        ConflictError: the answer was neither kept nor there before.
        UnavailableError: the source of chance repeats itself.
    """
    draw = draw_of(scope, day)
    # THREAT T191: paid before it is drawn, and kept before anybody sees it: a kill in between
    # leaves a draw that nobody saw, and the next one is paid already
    if not NoiseBudget(office.core.deciding).paid(draw):
        raise DeniedError("noise that was not charged is not drawn")
    known = _kept(office, draw)
    if known is not None:
        return known
    fresh = blur.blurred(value, office.core.entropy)
    clear = (draw.name, draw.day)
    put = Put(
        BLURRED.name, (*clear, office.core.papers.seal(BLURRED.name, clear, fresh)), Expect.ABSENT
    )
    event = Event(
        kind=EventKind.RUN,
        actor=Actor.VAULT,
        subject=office.teller.subject,
        collection=scope.task.collection,
        task=scope.task.digest,
        reason="blurred",
    )
    try:
        office.core.writer.commit(Work((put,), (office.teller.entry(event),)))
    except ConflictError:  # somebody was faster: theirs is the answer
        known = _kept(office, draw)
        if known is None:
            raise
        return known
    return fresh


def _kept(office: Office, draw: Draw) -> int | None:
    clear = (draw.name, draw.day)
    found = office.core.store.get(BLURRED.name, [clear])[0]
    if found is None:
        return None
    return int(office.core.papers.open(BLURRED.name, clear, found.row[2]))
