"""The end of a hold, lifted or over: the keys of all that it keeps go, then the rows.

- First the hold is marked as ending: from then on nothing under it is read, and no erasure bound.
- Then, for each erased person, the key is destroyed, and one commit takes the rows out, marks the
  epoch as one to be closed, and writes the entry that names the receipt of the erasure.
- What is not as it was written destroys nothing: it stays, and the hold with it.
- Last the hold goes. A process that dies between goes on when the vault is next opened, or served.

Source: docs/spec/32-holds.md section 5.
"""

from threading import Lock

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError, TamperedError
from sealhold.policy.holds import purpose_of
from sealhold.stores.spec import Delete
from sealhold.vault.core import Core
from sealhold.vault.epochs import noted
from sealhold.vault.holdrows import KEEPINGS
from sealhold.vault.holds import Hold, Holds
from sealhold.vault.keepings import Keeping, Keepings
from sealhold.vault.personpacks import drop_packs
from sealhold.vault.stories import By
from sealhold.vault.writer import Work

LIFTED, OVER = "lifted", "over"
VAULT = By(actor=Actor.VAULT)


class HoldEnds:
    """Ends holds of one vault; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._holds = Holds(core)
        self._keepings = Keepings(core)
        self._one = Lock()  # each ending counts up the epoch's mark

    def lift(self, by: By, hold: Hold) -> int:
        """End a hold now, and return of how many people something was held.

        Raises:
            ConflictError: it changed at this very moment; nothing was ended.
            TamperedError: something that is held is not what was written; all else went.
            StoreUnavailableError: the disk refuses; it is ending, and ends later.
        """
        with self._one:
            ending = hold if hold.is_ending else self._holds.ended(by, hold, LIFTED)
            return self._end(by, ending)

    def end_all(self) -> int:
        """End the holds whose day has come, and those that a process began to end; how many.

        Raises:
            TamperedError: something that is held is not what was written; all else of it went.
            StoreUnavailableError: the disk refuses.
        """
        with self._one:
            over = list(self._holds.over())
            for hold in over:
                ending = hold if hold.is_ending else self._holds.ended(VAULT, hold, OVER)
                self._end(VAULT, ending)
            return len(over)

    def _end(self, by: By, hold: Hold) -> int:
        keepings = [*self._keepings.of(hold.id)]
        whole = [each for each in keepings if each is not None]
        for keeping in whole:
            self._release(by, hold, keeping)
        # THREAT T321: a row that was edited to name somebody else's key destroys nobody's
        if len(whole) < len(keepings):
            raise TamperedError("something that is held is not what was written")
        self._holds.drop(by, hold)
        return len(whole)

    def _release(self, by: By, hold: Hold, keeping: Keeping) -> None:
        core = self._core
        # THREAT T321: first the key: whatever rows are left, here or in a backup, open no more
        core.keyring.erase_subject(keeping.app, keeping.id)
        cleared, packs = self._keepings.cleared(keeping.id)
        ops = (noted(core, items=0), Delete(KEEPINGS.name, (keeping.id,), keeping.v), *cleared)
        event = Event(
            kind=EventKind.HOLD,
            actor=by.actor,
            app=keeping.app,
            purpose=purpose_of(hold.ground),
            reason="released",
            rows_out=sum(keeping.items.values()),
            receipt=self._keepings.receipt_of(keeping),
        )
        try:
            core.writer.commit(Work(ops, (Entry(event=event),), releases=True, right=True))
        except ConflictError:  # an erasure marked the epoch just now: its row is read anew
            ops = (noted(core, items=0), *ops[1:])
            core.writer.commit(Work(ops, (Entry(event=event),), releases=True, right=True))
        drop_packs(core.objects, packs)
