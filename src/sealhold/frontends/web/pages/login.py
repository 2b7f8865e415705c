"""Signing in through a provider: going there, coming back, and what an officer gets.

- Going there is a form and a page that leads on, so that no other site begins a sign-in here.
- Coming back shows a button. A GET lets nobody in; the button's form is from our own origin, with
  the cookie that the browser got when it went.
- Nothing that a provider writes is shown but the name of the account, of whoever proved it.

Source: docs/spec/30-access.md section 9.
"""

import shlex
from urllib.parse import urlsplit

from sealhold.frontends.web.visit import Go, Outcome, Page, PageRoute, SessionChange, Visit
from sealhold.model.errors import DeniedError, InvalidError, LockedError, UnboundLoginError
from sealhold.model.logins import CameBack, LoginRole

SAID = ("state", "code", "iss", "error")  # of an answer; each stands in it once at most
MAX_SAID = 2_048  # characters of each


def begin(visit: Visit) -> Outcome:
    """Lead to the provider that was chosen."""
    begun = visit.vault.logins.begin(visit.form.one("provider"), visit.origin)
    host = urlsplit(begun.url).hostname or ""
    values = {"url": begun.url, "host": host}
    return Page(template="login_go.html", values=values, browser=begun.browser)


def back(visit: Visit) -> Outcome:
    """Return the page with the button that ends a sign-in.

    Raises:
        InvalidError: a part of the answer stands in it twice, or is too long.
        LockedError: nobody signs in to a locked vault.
    """
    if visit.vault.locked:
        raise LockedError("the vault is locked")
    action = f"/login/enter/{visit.names['provider']}"
    return Page(template="login_back.html", values={"action": action, "said": said_of(visit)})


def enter(visit: Visit) -> Outcome:
    """Let in whoever came back, or say why not.

    Raises:
        LockedError: the vault was locked meanwhile.
    """
    came = came_of(visit, visit.names["provider"])
    try:
        entered = visit.vault.logins.finish(came, visit.origin)
    except LockedError:
        raise
    except UnboundLoginError as err:
        return _no(_command(err))
    except DeniedError:
        return _no("")
    if entered.role is LoginRole.OWNER:
        # THREAT T65: whoever knew or set an earlier id knows nothing of this one
        return Go(to="/", session=SessionChange.BEGIN)
    return Page(template="login_officer.html", values={"made": entered.token})


def said_of(visit: Visit) -> dict[str, str]:
    """Return what the provider's answer says, of what counts.

    Raises:
        InvalidError: a part of the answer stands in it twice, or is too long.
    """
    said = {name: visit.query.many(name) for name in SAID}
    if any(len(values) > 1 or len("".join(values)) > MAX_SAID for values in said.values()):
        raise InvalidError("the answer of the provider is none")
    return {name: "".join(values) for name, values in said.items()}


def came_of(visit: Visit, provider: str) -> CameBack:
    """Return what a browser brought back from a provider, in the form of the last button."""
    form = visit.form
    return CameBack(
        provider=provider,
        state=form.one("state"),
        code=form.one("code"),
        issuer=form.one("iss"),
        error=form.one("error"),
        browser=visit.browser,
    )


def _no(command: str) -> Page:
    return Page(template="login_no.html", status=403, values={"command": command})


def _command(err: UnboundLoginError) -> str:
    # THREAT T314: what a provider calls an account is one word of the line that the owner copies
    account = shlex.quote(err.sub)
    end = "-- " if err.sub.startswith("-") else ""
    return f"sealhold login add {err.provider} {end}{account}"


ROUTES = (
    PageRoute(path="/login/begin", post=begin, is_open=True, is_way_in=True),
    PageRoute(path="/login/back/{provider}", get=back, is_open=True),
    PageRoute(path="/login/enter/{provider}", post=enter, is_open=True, is_way_in=True),
)
