"""A place that is new: which kind, what to say of it, a look, and then the adding.

- A look and the adding each take the passphrase: both open a file or call a server.
- Neither the passphrase nor the place's own password comes back on a page.
"""

from sealhold.frontends.web.pages.sources import GLYPHS
from sealhold.frontends.web.visit import Fields, Go, Outcome, Page, Visit
from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    UnreadableSourceError,
    WrongPassphraseError,
)
from sealhold.model.ids import canonical
from sealhold.model.shown.steering import PlaceDraft, PlaceKind, PlaceLook

MAX_NAME = 80  # characters
OPTION = "with-"  # before the name of an option in the form
_TOLD = (
    ConflictError,
    InvalidError,
    LoginNeededError,
    SourceAwayError,
    UnreadableSourceError,
)


def show(visit: Visit) -> Outcome:
    """Return the kinds, or the form of one."""
    return _page(visit, visit.query)


def add(visit: Visit) -> Outcome:
    """Look at a place, or add it."""
    draft, passphrase = _draft(visit, visit.form), visit.form.one("passphrase")
    places = visit.vault.sources.places
    try:
        if visit.form.one("do") == "look":
            return _page(visit, visit.form, look=places.look(draft, passphrase))
        added = places.add(draft, passphrase)
    except WrongPassphraseError as err:
        return _page(visit, visit.form, trouble=err, status=403)
    except _TOLD as err:
        return _page(visit, visit.form, trouble=err, status=409)
    return Go(to=f"/sources/{canonical(added.source.id)}")


def _draft(visit: Visit, form: Fields) -> PlaceDraft:
    """Return what the form says.

    Raises:
        InvalidError: no name, a long one, or no such kind.
    """
    kind = _kind(visit, form.one("kind"))
    name, place = form.one("name").strip(), form.one("place").strip()
    if kind is None or not place or not 0 < len(name) <= MAX_NAME:
        raise InvalidError(f"a source has a kind, a place, and a name of 1 to {MAX_NAME} letters")
    options = {each: form.one(OPTION + each).strip() for each in kind.options}
    return PlaceDraft(
        name=name,
        kind=kind.kind,
        place=place,
        options={each: said for each, said in options.items() if said},
        secret=form.one("secret"),
        mode=form.one("mode") or "archive",
        schedule=form.one("when").strip(),
    )


def _kind(visit: Visit, name: str) -> PlaceKind | None:
    return next((each for each in visit.vault.sources.places.kinds() if each.kind == name), None)


def _page(
    visit: Visit,
    said: Fields,
    *,
    look: PlaceLook | None = None,
    trouble: SealholdError | None = None,
    status: int = 200,
) -> Page:
    kind = _kind(visit, said.one("kind"))
    return Page(
        template="source_add.html",
        status=status,
        values={
            "kinds": visit.vault.sources.places.kinds(),
            "glyphs": GLYPHS,
            "kind": kind,
            "said": said,
            "option": OPTION,
            "look": look,
            "trouble": trouble,
        },
    )
