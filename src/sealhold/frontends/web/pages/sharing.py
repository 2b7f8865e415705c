"""People and shares: who is known, what is shared with whom, and what others share.

- A contact, a share and an invitation let somebody in: they need the passphrase. Taking a share
  back needs a press, below the four lines that say what it does.
"""

from sealhold.frontends.web.pages.circling import TOLD, done
from sealhold.frontends.web.visit import Outcome, Page, Paper, Visit
from sealhold.model.errors import NotADeviceError, NotFoundError, SealholdError
from sealhold.model.shown.circle import CardLook
from sealhold.model.shown.contacts import ContactView, OwnCardView

MANY = 100  # uses that are listed


def show(visit: Visit) -> Outcome:
    """Return people and shares."""
    return _list(visit)


def card(visit: Visit) -> Outcome:
    """Return the own card, to be given to somebody."""
    try:
        found = visit.vault.circle.sharing.card(visit.form.one("name").strip())
    except TOLD as err:
        return _list(visit, err, 409)
    return _list(visit, own=found)


def contacts(visit: Visit) -> Outcome:
    """Look at a card that was brought; add it once the owner has said so."""
    form, sharing = visit.form, visit.vault.circle.sharing
    text, name = form.one("card"), form.one("name").strip()
    try:
        brought = sharing.read(text)
    except TOLD as err:
        return _list(visit, err, 409)
    if "passphrase" not in form:
        return _list(visit, brought=brought, text=text)

    def act() -> str:
        return f"/sharing/contacts/{sharing.add(text, name, form.one('passphrase'))}"

    return done(act, lambda err, status: _list(visit, err, status, brought=brought, text=text))


def contact(visit: Visit) -> Outcome:
    """Return one of the people."""
    return _contact(visit)


def verify(visit: Visit) -> Outcome:
    """Take a contact for verified by the words that they read out."""
    form, id_text = visit.form, visit.names["id"]

    def act() -> str:
        visit.vault.circle.sharing.verify(id_text, form.one("words"), form.one("passphrase"))
        return f"/sharing/contacts/{id_text}"

    return done(act, lambda err, status: _contact(visit, err, status))


def allow(visit: Visit) -> Outcome:
    """Have letters to a contact go to the relays that their newest card names."""
    id_text = visit.names["id"]

    def act() -> str:
        visit.vault.circle.sharing.allow(id_text, visit.form.one("passphrase"))
        return f"/sharing/contacts/{id_text}"

    return done(act, lambda err, status: _contact(visit, err, status))


def forget(visit: Visit) -> Outcome:
    """Forget a contact."""

    def act() -> str:
        visit.vault.circle.sharing.forget(visit.names["id"])
        return "/sharing"

    return done(act, lambda err, status: _contact(visit, err, status))


def given(visit: Visit) -> Outcome:
    """Return a share that was given."""
    return _given(visit)


def revoke(visit: Visit) -> Outcome:
    """Take a share back."""
    id_text = visit.names["id"]

    def act() -> str:
        visit.vault.circle.sharing.revoke(id_text)
        return f"/sharing/given/{id_text}"

    return done(act, lambda err, status: _given(visit, err, status))


def accept(visit: Visit) -> Outcome:
    """Take an invitation on."""

    def act() -> str:
        visit.vault.circle.sharing.accept(visit.names["id"], visit.form.one("passphrase"))
        return "/sharing#received"

    return done(act, lambda err, status: _list(visit, err, status))


def received(visit: Visit) -> Outcome:
    """Return a share by another person."""
    return _received(visit)


def open_(visit: Visit) -> Outcome:
    """Return an object that is shared as a file; at T2 its owner's device answers first."""
    form = visit.form
    path = form.one("object")
    try:
        data = visit.vault.circle.sharing.open(
            visit.names["id"], path, form.one("may"), form.one("purpose")
        )
    except TOLD as err:
        return _received(visit, err, 409)
    if data is None:
        return _received(visit, asked=path)
    # THREAT T61: what somebody else wrote is kept as a file, and never shown as a page
    return Paper(name=path.rpartition("/")[2], media="application/octet-stream", data=data)


def _list(
    visit: Visit,
    trouble: SealholdError | None = None,
    status: int = 200,
    *,
    own: OwnCardView | None = None,
    brought: CardLook | None = None,
    text: str = "",
) -> Page:
    try:
        view = visit.vault.circle.sharing.look()
    except NotADeviceError:
        return Page(template="sharing_none.html", values={"is_limited": False})
    except NotFoundError:  # a limited device does not have what devices tell each other
        return Page(template="sharing_none.html", values={"is_limited": True})
    return Page(
        template="sharing.html",
        status=status,
        values={
            "view": view,
            "trouble": trouble,
            "own": own,
            "brought": brought,
            "text": text,
        },
    )


def _contact(visit: Visit, trouble: SealholdError | None = None, status: int = 200) -> Page:
    found = _known(visit.vault.circle.sharing.look().contacts, visit.names["id"])
    return Page(
        template="contact.html", status=status, values={"contact": found, "trouble": trouble}
    )


def _known(known: tuple[ContactView, ...], id_text: str) -> ContactView:
    for each in known:
        if each.id == id_text:
            return each
    raise NotFoundError("no such contact")


def _given(visit: Visit, trouble: SealholdError | None = None, status: int = 200) -> Page:
    page = visit.vault.circle.sharing.share(visit.names["id"])
    return Page(
        template="share.html",
        status=status,
        values={"page": page, "uses": page.uses[-MANY:], "trouble": trouble},
    )


def _received(
    visit: Visit, trouble: SealholdError | None = None, status: int = 200, *, asked: str = ""
) -> Page:
    page = visit.vault.circle.sharing.received(visit.names["id"])
    return Page(
        template="received.html",
        status=status,
        values={"page": page, "trouble": trouble, "asked": asked},
    )
