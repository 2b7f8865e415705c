"""One source: how it stands, each reading of it, and what can be done about it.

- What cannot be undone stands with what it does, a field for the passphrase, and the digest of the
  source as it is on the page; the vault refuses if it moved on.
"""

from collections.abc import Callable

from sealhold.frontends.web.pages.sources import GLYPHS, card_of
from sealhold.frontends.web.visit import Fields, Go, Outcome, Page, Visit
from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    WrongPassphraseError,
)
from sealhold.model.ids import canonical
from sealhold.model.shown import Recognised
from sealhold.model.shown.steering import PlaceView

ARCHIVE, FEDERATE = "archive", "federate"
_TOLD = (ConflictError, InvalidError, LoginNeededError, SourceAwayError)  # said on the page itself


def show(visit: Visit) -> Outcome:
    """Return one source; with `look` in the query, what lies in its folder, too."""
    if "look" not in visit.query:
        return _page(visit)
    try:
        return _page(visit, lying=visit.vault.sources.places.lying(visit.names["id"]))
    except SourceAwayError as err:
        return _page(visit, err, 409)


def schedule(visit: Visit) -> Outcome:
    """Say when it is read by itself."""
    places = visit.vault.sources.places
    return _done(visit, lambda id_: places.schedule(id_, visit.form.one("when").strip()))


def login(visit: Visit) -> Outcome:
    """Take its password or token anew."""
    places, form = visit.vault.sources.places, visit.form
    return _done(visit, lambda id_: places.login(id_, form.one("secret"), form.one("passphrase")))


def accept(visit: Visit) -> Outcome:
    """Take the shape that it has now for the right one."""
    places, (shown, passphrase) = visit.vault.sources.places, _proof(visit.form)
    return _done(visit, lambda id_: places.accept(id_, shown, passphrase))


def mode(visit: Visit) -> Outcome:
    """Keep its items here, or leave them where they lie."""
    places, (shown, passphrase) = visit.vault.sources.places, _proof(visit.form)
    wanted = visit.form.one("mode")
    return _done(visit, lambda id_: places.set_mode(id_, wanted, shown, passphrase))


def remove(visit: Visit) -> Outcome:
    """Forget it."""
    places, (shown, passphrase) = visit.vault.sources.places, _proof(visit.form)

    def gone(id_: str) -> None:
        places.remove(id_, shown, passphrase)

    return _done(visit, gone, Go(to="/sources"))


def take_back(visit: Visit) -> Outcome:
    """Take back what one reading brought."""
    places, (shown, passphrase) = visit.vault.sources.places, _proof(visit.form)
    job = visit.names["job"]

    def back(id_: str) -> None:
        places.take_back(id_, job, shown, passphrase)

    return _done(visit, back)


def forget(visit: Visit) -> Outcome:
    """Forget what was said about tables of one header."""
    visit.vault.sources.maps.forget(visit.form.one("name"))
    return Go(to="/sources")


def _proof(form: Fields) -> tuple[str, str]:
    # THREAT T433: the digest of what was on the page goes along; the vault refuses any other.
    return form.one("shown"), form.one("passphrase")


def _done(visit: Visit, act: Callable[[str], object], after: Go | None = None) -> Outcome:
    """Do what the form says; a no that its owner can do something about stands on the page."""
    id_text = visit.names["id"]
    try:
        act(id_text)
    except WrongPassphraseError as err:
        return _page(visit, err, 403)
    except _TOLD as err:
        return _page(visit, err, 409)
    return after or Go(to=f"/sources/{id_text}")


def _page(
    visit: Visit,
    trouble: SealholdError | None = None,
    status: int = 200,
    lying: tuple[Recognised, ...] | None = None,
) -> Page:
    view = visit.vault.sources.places.show(visit.names["id"])
    return Page(
        template="source.html",
        status=status,
        values={
            "view": view,
            "card": card_of(view),
            "glyphs": GLYPHS,
            "address": f"/sources/{canonical(view.source.id)}",
            "other": ARCHIVE if view.source.mode == FEDERATE else FEDERATE,
            "is_mapping": view.source.name in visit.vault.sources.maps.names(),
            "losses": _losses(view),
            "trouble": trouble,
            "lying": lying,
            "is_folder": view.source.kind in {"drop", "folder"},
        },
    )


def _losses(view: PlaceView) -> tuple[str, ...]:
    """Return what removing a source deletes, by the keys of the texts."""
    told = {
        "source.gone_place": True,
        "source.gone_account": view.has_account,
        "source.gone_schedule": bool(view.source.schedule),
        "source.gone_tokens": view.source.kind == "push",
        "source.gone_answers": view.source.mode == FEDERATE,
    }
    return tuple(key for key, is_so in told.items() if is_so)
