"""Sample places that data is read from again and again; nobody in them is real."""

from sealhold.model.errors import DeniedError
from sealhold.model.ids import SourceId
from sealhold.model.quantities import HOUR, Instant
from sealhold.model.shown import SourceView
from sealhold.model.shown.pushes import Pushed
from tests.web.sample_data import NOW, id_of


def named(stranger: str) -> tuple[SourceView, ...]:
    """Return a mailbox that refuses its account, and a folder that is left in place."""
    return (
        SourceView(
            id=SourceId(id_of("mail")),
            name=f"Work mail{stranger}",
            connector="imap",
            state="needs_login",
            last_run=Instant(NOW - 26 * HOUR),
            items=5490,
            rejected=0,
            error="the server refuses the account",
            remedy="give the password or token anew with `sealhold source login NAME`.",
            kind="imap",
            place=f"imaps://mail.example.org{stranger}",
            schedule="6h",
            reached=Instant(NOW - 26 * HOUR),
        ),
        SourceView(
            id=SourceId(id_of("rides")),
            name="Rides",
            connector="folder",
            state="done",
            last_run=None,
            items=0,
            rejected=0,
            error=None,
            remedy=None,
            kind="folder",
            mode="federate",
            place="/home/alice/Rides",
            reached=Instant(NOW - HOUR),
        ),
    )


def sources(stranger: str = "") -> tuple[SourceView, ...]:
    """Return four sources, one of them broken."""
    rows = (
        ("calendar-2026.ics", "icalendar", "done", 2, 861, 0, None, None),
        ("bike-october.gpx", "gpx", "done_with_rejects", 7, 412, 3, None, None),
        ("all-mail.mbox", "mbox", "done", 26, 5490, 0, None, None),
        ("pulse.csv", "csv", "failed", 31, 0, 0,
         "the column `heart_rate` is gone, `hr` is new",
         "Export the file again with the old columns, or name the new one."),
    )  # fmt: skip
    imported = tuple(
        SourceView(
            id=SourceId(id_of(name)),
            name=f"{name}{stranger}",
            connector=connector,
            state=state,
            last_run=Instant(NOW - hours * HOUR),
            items=number,
            rejected=rejected,
            error=None if error is None else f"{error}{stranger}",
            remedy=remedy,
        )
        for name, connector, state, hours, number, rejected, error, remedy in rows
    )
    return imported + named(stranger)


class SamplePushing:
    """The door for programs that push, where nobody has a token."""

    def push(self, token: str, dataset: str, body: bytes, media: str, key: str = "") -> Pushed:
        del token, dataset, body, media, key
        raise DeniedError("denied")
