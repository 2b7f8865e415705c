"""The budgets for their owner: how much was told, how much may be, and setting that.

- Setting a cap needs the passphrase; raising one besides a yes to just that, given on a look at
  what it would allow. A lower one holds at once, for it only takes away.
- What was on the screen is named: if the cap moved meanwhile, nothing is set.

Source: docs/spec/09-leakage.md section 10.
"""

from collections.abc import Iterator

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute.asked import Asked, facts_so_far, outlook
from sealhold.compute.cards import label
from sealhold.compute.office import Office, read
from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.quantities import MicroBits, Year, year_of
from sealhold.model.shown import Meter, RequestState
from sealhold.model.shown.budgets import CapLook, CapView, Opening
from sealhold.policy.names import visible
from sealhold.vault.budget import default_cap
from sealhold.vault.caps import HIGHEST, CapKind
from sealhold.vault.writer import Work

NOTHING = MicroBits(0)


class Budgets:
    """How much was told, and how much may be."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def meters(self) -> tuple[Meter, ...]:
        """Return the budgets of this year, that of all askers together first."""
        office = self._office
        waiting = (asked.query_cost(1) for asked in self._waiting())
        apps = [(app.id, visible(app.name)) for app in office.registry.all()]
        return office.budget.meters(apps, self._year(), MicroBits(sum(waiting)))

    def caps(self) -> tuple[CapView, ...]:
        """Return each cap in force, that of one object first."""
        budget = self._office.budget
        return tuple(
            CapView(
                kind=kind.value,
                cap=budget.cap(kind),
                default=default_cap(kind),
                highest=HIGHEST[kind],
                budgets=tuple(self._budgets(kind, budget.cap(kind))),
            )
            for kind in CapKind
        )

    def look(self, kind_text: str, cap: MicroBits) -> CapLook:
        """Return what would hold if a cap were set so; nothing changes.

        Raises:
            NotFoundError: there is no such cap.
            CapTooHighError: it cannot be set so.
        """
        office, kind = self._office, _kind(kind_text)
        office.budget.caps.op(kind, cap)  # refuses what cannot be set
        before = office.budget.cap(kind)
        needs = [(asked, self._need(kind, asked)) for asked in self._waiting()]
        return CapLook(
            kind=kind.value,
            before=before,
            after=cap,
            budgets=tuple(self._budgets(kind, cap)),
            opens=tuple(
                Opening(request=each.row.id, asker=visible(each.app.name), label=label(each))
                for each, need in needs
                if before < need <= cap
            ),
        )

    def set_cap(
        self,
        kind_text: str,
        cap: MicroBits,
        shown: MicroBits,
        passphrase: str,
        *,
        confirmed: bool = False,
    ) -> CapView:
        """Set a cap, for every charge from now on.

        Args:
            kind_text: which: `object`, `app`, `purpose` or `all`.
            cap: what it becomes.
            shown: what it was when the owner looked.
            passphrase: the owner's proof.
            confirmed: the owner said yes to more being told.

        Raises:
            NotFoundError: there is no such cap.
            CapTooHighError: it cannot be set so.
            ConflictError: it is no longer the one that was shown.
            InvalidError: it is raised without a yes to that.
            WrongPassphraseError: the owner is not proven.
        """
        office, look = self._office, self.look(kind_text, cap)
        if look.before != shown:
            raise ConflictError("the cap is no longer the one that was shown")
        # THREAT T90: more is told only on a yes to just that, by who knows the passphrase
        if look.raises and not confirmed:
            raise InvalidError("`raise` was not confirmed: more could be told then")
        if not office.verify(passphrase):
            raise WrongPassphraseError
        kind = CapKind(look.kind)
        event = Event(
            kind=EventKind.CAP,
            actor=Actor.OWNER,
            subject=office.teller.subject,
            reason=kind.value,
            cap=cap,
        )
        work = Work((office.budget.caps.op(kind, cap),), (office.teller.entry(event),))
        office.core.writer.commit(work)
        return next(view for view in self.caps() if view.kind == kind.value)

    def _budgets(self, kind: CapKind, cap: MicroBits) -> Iterator[Meter]:
        """Yield each budget that a cap is the cap of, as if it were `cap`."""
        for name, used in self._spent(kind):
            yield Meter(label=name, used=used, pending=NOTHING, cap=cap)

    def _spent(self, kind: CapKind) -> Iterator[tuple[str, MicroBits]]:
        office, budget, year = self._office, self._office.budget, self._year()
        match kind:
            case CapKind.OBJECT:
                for name, dataset in sorted(office.core.datasets.items()):
                    if told := facts_so_far(budget, dataset).per_object:
                        yield name, told
            case CapKind.APP:
                for app in office.registry.all():
                    yield visible(app.name), budget.app_meter(app.id, app.name, year).used
            case CapKind.PURPOSE:
                rows = office.requests.all()
                for purpose in sorted({read(office, row).wish.purpose for row in rows}):
                    yield purpose, budget.purpose_meter(purpose, year).used
            case CapKind.ALL:
                yield "all askers", budget.all_meter(year).used

    def _need(self, kind: CapKind, asked: Asked) -> MicroBits:
        """Return the least cap under which what a request asks for would pass."""
        office, budget, year = self._office, self._office.budget, self._year()
        if kind is CapKind.OBJECT:
            proposed = asked.proposed(asked.signed.task.fields, office.core.clock())
            return outlook(budget, asked, proposed).after
        used = {
            CapKind.APP: budget.app_meter(asked.app.id, asked.app.name, year).used,
            CapKind.PURPOSE: budget.purpose_meter(asked.wish.purpose, year).used,
            CapKind.ALL: budget.all_meter(year).used,
        }
        return MicroBits(used[kind] + asked.query_cost(1))

    def _waiting(self) -> Iterator[Asked]:
        office = self._office
        rows = (row for row in office.requests.all() if row.state is RequestState.WAITING)
        return (read(office, row) for row in rows)

    def _year(self) -> Year:
        return year_of(self._office.core.clock())


def _kind(text: str) -> CapKind:
    try:
        return CapKind(text)
    except ValueError as err:
        known = ", ".join(kind.value for kind in CapKind)
        raise NotFoundError(f"no cap `{text[:40]}`; there are {known}") from err
