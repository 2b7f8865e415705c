"""How an open vault is: what `status` tells, and warns of.

Source: docs/architecture.md section 3.
"""

from sealhold import __version__
from sealhold.model.quantities import HOUR, Instant
from sealhold.model.shown import Status
from sealhold.model.shown.happened import COUNTED
from sealhold.node.openparts import OpenParts
from sealhold.node.places import places_of
from sealhold.vault.home import Home
from sealhold.vault.personrows import RECORDS
from sealhold.vault.subjects import SUBJECTS

ROLLBACK_NOTE = (
    "If every file of the home is put back together to an older day, nothing on this disk shows"
    " it: keep a checkpoint elsewhere (`sealhold audit show --checkpoint`)."
)


def status_of(parts: OpenParts, home: Home, now: Instant) -> Status:
    """Return how the vault is."""
    counts = parts.records.counts()
    warnings = [*parts.confinement.warnings(), *parts.alarms()]
    if now < parts.audit.state().at - HOUR:
        warnings.append("the machine's clock is behind the log; the vault's went on from there")
    if odd := len(parts.odd()):
        told = "1 use of your data is" if odd == 1 else f"{odd} uses of your data are"
        warnings.append(f"{told} worth a look: `sealhold audit alerts`")
    due = parts.keys.due()
    if due is not None and now > due:
        warnings.append(
            "something was erased more than a day ago: turn the keys over by"
            " `sealhold key close-epoch`"
        )
    warnings += parts.overdue()
    sets, epoch = parts.vault.sets, parts.core.keyring.lies_in.epoch
    keeping = sets.root.keeping
    warnings += [
        f"the slot of epoch {left} lies on a device that was away, and is not destroyed: open the"
        " vault while it is there"
        for left in sets.others(epoch)
    ]
    holds, held = parts.holds()
    if parts.has_holds_over:
        warnings.append(
            "a duty to keep is over, and what it held is not gone: check by `sealhold audit verify`"
        )
    return Status(
        version=__version__,
        home=str(home.folder),
        headless=parts.core.headless,
        root=sets.root.way.value,
        slots=keeping.keeper.value,
        root_strength=keeping.worth.value,
        recovery=bool(keeping.recovery),
        items=sum(counts.values()),
        by_collection=counts,
        log=parts.audit.state(),
        isolation=parts.confinement.in_words(),
        rollback_note=ROLLBACK_NOTE,
        warnings=tuple(warnings),
        elsewhere=places_of(home).told(),
        epoch=epoch,
        close_by=due,
        apps=len(parts.apps.list()),
        people=parts.core.store.count(SUBJECTS.name, COUNTED),
        records=parts.core.store.count(RECORDS.name, COUNTED),
        holds=holds,
        held=held,
    )
