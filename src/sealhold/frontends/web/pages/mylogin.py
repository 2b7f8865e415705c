"""How one of an app's people signs in through the provider that their app named.

- Each app has an address of its own, which the app tells its people. Going to the provider is a
  form and a page that leads on, so that no other site begins a sign-in here.
- Coming back shows a button. A GET lets nobody in; the button's form is from our own origin, with
  the cookie that the browser got when it went.
- Every no is the same page, whoever somebody is elsewhere.

Source: docs/spec/30-access.md section 10.
"""

from contextlib import suppress
from urllib.parse import urlsplit

from sealhold.frontends.web.pages.login import came_of, said_of
from sealhold.frontends.web.pages.me import HOME, door, let_in, signed_in
from sealhold.frontends.web.visit import Go, Outcome, Page, PageRoute, Visit
from sealhold.model.errors import DeniedError, LockedError, NotFoundError


def way_in(visit: Visit) -> Outcome:
    """Return the way in to the people of an app."""
    return door(visit, 401)


def begin(visit: Visit) -> Outcome:
    """Lead to the provider of an app."""
    try:
        begun = visit.vault.callers.person_logins.begin(visit.names["app"], visit.origin)
    except LockedError:
        return door(visit, 503)
    except DeniedError:
        return door(visit, 403, trouble="me.login_no")
    values = {"url": begun.url, "host": urlsplit(begun.url).hostname or ""}
    return Page(template="login_go.html", values=values, browser=begun.browser)


def back(visit: Visit) -> Outcome:
    """Return the page with the button that ends a sign-in.

    Raises:
        InvalidError: a part of the answer stands in it twice, or is too long.
    """
    if visit.vault.locked:
        return door(visit, 503)
    action = f"/me/arrive/{visit.names['app']}"
    return Page(template="login_back.html", values={"action": action, "said": said_of(visit)})


def arrive(visit: Visit) -> Outcome:
    """Let in whoever came back, as the person that their account is."""
    try:
        came = came_of(visit, visit.names["app"])
        made = visit.vault.callers.person_logins.finish(came, visit.origin)
    except LockedError:
        return door(visit, 503)
    except DeniedError:
        return door(visit, 403, trouble="me.login_no")
    return let_in(visit, made.token)


def remove(visit: Visit) -> Outcome:
    """Let no account in as the person any more.

    Raises:
        DeniedError: they may not choose with this sign-in.
    """
    with suppress(NotFoundError):  # it went just now, which is what they want
        visit.vault.callers.person_logins.unbind_mine(visit.me)
    return Go(to=f"{HOME}#passkeys")


ROUTES = (
    PageRoute(path="/me/in/{app}", get=way_in, is_open=True, is_mine=True),
    PageRoute(path="/me/login/{app}", post=begin, is_open=True, is_mine=True),
    PageRoute(path="/me/back/{app}", get=back, is_open=True, is_mine=True),
    PageRoute(path="/me/arrive/{app}", post=arrive, is_open=True, is_mine=True),
    PageRoute(path="/me/login", post=signed_in(remove), is_mine=True),
)
