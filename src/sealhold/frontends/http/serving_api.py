"""Routes by which a service is watched: whether it answers, whether it can work, its numbers.

Source: docs/spec/29-operations.md section 3.
"""

import msgspec

from sealhold import __version__
from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, read
from sealhold.frontends.http.exposition import MEDIA, exposition
from sealhold.model.errors import LockedError, NotReadyError, WrongPassphraseError
from sealhold.model.shown.backups import BackupView
from sealhold.model.shown.serving import Health


def _health(call: Call) -> Health:
    try:
        gauges = call.vault.service.gauges()
    except LockedError:
        return Health(status="ok", version=__version__, vault="locked", writes="no")
    writes = "full" if gauges.is_full else "yes"
    return Health(
        status="ok",
        version=__version__,
        vault="open",
        writes=writes if gauges.is_writing else "no",
    )


def health(call: Call) -> Reply:
    """Tell that the service answers, and how; nothing of anybody's data."""
    return Reply(value=_health(call))


def ready(call: Call) -> Reply:
    """Tell that the service can do whatever it is asked.

    Raises:
        NotReadyError: it cannot.
    """
    found = _health(call)
    if found.vault != "open":
        raise NotReadyError("the vault is locked")
    if found.writes != "yes":
        raise NotReadyError("the disk is full" if found.writes == "full" else "nothing is written")
    return Reply(value=found)


class NewBackup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a backup goes, and the owner's proof."""

    place: str
    passphrase: str


def back_up(call: Call) -> Reply:
    """Copy the vault to a place, while it is served.

    Raises:
        WrongPassphraseError: the owner is not proven.
    """
    wanted = read(call, NewBackup)
    if not call.vault.verify_passphrase(wanted.passphrase):
        raise WrongPassphraseError
    return Reply(value=call.vault.service.back_up(wanted.place), status=201)


def metrics(call: Call) -> Reply:
    """Return the numbers of the service."""
    return Reply(value=exposition(call.counts, call.vault.service.gauges()), media=MEDIA)


ROUTES = (
    ApiRoute(
        method="GET", path="/v1/health", role=Role.PUBLIC, about="Whether the service answers",
        run=health, answer=Health,
    ),
    ApiRoute(
        method="GET", path="/v1/ready", role=Role.PUBLIC, about="Whether the service can work",
        run=ready, answer=Health,
    ),
    ApiRoute(
        method="GET", path="/v1/metrics", role=Role.MONITOR, also=(Role.OWNER,),
        about="Numbers of the service, as Prometheus reads them", run=metrics, media=MEDIA,
    ),
    ApiRoute(
        method="POST", path="/v1/backups", role=Role.OWNER, about="Back the vault up to a place",
        run=back_up, body=NewBackup, answer=BackupView, status=201,
    ),
)  # fmt: skip
