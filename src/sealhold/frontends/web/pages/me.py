"""A person's own page: what an app keeps about them, who looked, and what they can do about it.

- A link from the app leads in. It is opened by a button, so that no program that follows links
  uses it up, and it is good once.
- What cannot be undone is shown first, with what goes, and needs a tick of its own.

Source: docs/spec/30-access.md section 6.
"""

from sealhold.frontends.web.pages.gate import NEXT_SCHEME
from sealhold.frontends.web.texts import text
from sealhold.frontends.web.visit import Go, Outcome, Page, PageRoute, SessionChange, Visit
from sealhold.model.errors import DeniedError, InvalidError

HOME = "/me"


def ways_in(_visit: Visit) -> Outcome:
    """Return the page for those who are not signed in."""
    return Page(template="me_in.html", status=401, values={"link": "", "gone": False})


def ask(visit: Visit) -> Outcome:
    """Return the page with the button that opens a link."""
    link = visit.query.one("link")
    return Page(template="me_in.html", values={"link": link, "gone": not link})


def enter(visit: Visit) -> Outcome:
    """Open a link, which is used up by that."""
    try:
        made = visit.vault.mine.enter(visit.form.one("link"))
    except DeniedError:
        return Page(template="me_in.html", status=403, values={"link": "", "gone": True})
    return Go(to=HOME, session=SessionChange.BEGIN_MINE, token=made.token)


def leave(visit: Visit) -> Outcome:
    """Sign out."""
    visit.vault.mine.leave(visit.me)
    return Go(to="/me/in", session=SessionChange.END_MINE)


def scheme(visit: Visit) -> Outcome:
    """Go on to the next choice of colours."""
    return Go(to=HOME, scheme=NEXT_SCHEME[visit.scheme])


def show(visit: Visit) -> Outcome:
    """Return the page, or the way in if the sign-in is over."""
    try:
        mine = visit.vault.mine.show(visit.me)
    except DeniedError:
        return Go(to="/me/in", session=SessionChange.END_MINE)
    return Page(template="me.html", values={"mine": mine})


def look_at_erasing(visit: Visit) -> Outcome:
    """Return what would be erased, and the button."""
    return Page(template="me_erase.html", values={"mine": visit.vault.mine.show(visit.me)})


def erase(visit: Visit) -> Outcome:
    """Erase the person, if they said yes to it.

    Raises:
        InvalidError: the tick is missing.
        DeniedError: they may not choose with this sign-in.
    """
    if visit.form.one("sure") != "yes":
        raise InvalidError(text("me.erase_unsure"))
    receipt = visit.vault.mine.erase(visit.me)
    return Page(template="me_gone.html", values={"receipt": receipt})


ROUTES = (
    PageRoute(path="/me/in", get=ways_in, is_open=True, is_mine=True),
    PageRoute(path="/me/enter", get=ask, post=enter, is_open=True, is_mine=True),
    PageRoute(path="/me/leave", post=leave, is_mine=True),
    PageRoute(path="/me/scheme", post=scheme, is_mine=True),
    PageRoute(path=HOME, get=show, is_mine=True),
    PageRoute(path="/me/erase", get=look_at_erasing, post=erase, is_mine=True),
)
