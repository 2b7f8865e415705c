"""Coming in and going out: unlock, lock, and the choice of colours.

- Each unlock begins a session with a new id, whatever the browser brought along.
- Locking drops the keys and ends every session.
"""

from sealhold.frontends.web.visit import (
    Go,
    Outcome,
    Page,
    Scheme,
    SessionChange,
    Visit,
    local_path,
)
from sealhold.model.errors import WrongPassphraseError

NEXT_SCHEME = {Scheme.AUTO: Scheme.DARK, Scheme.DARK: Scheme.LIGHT, Scheme.LIGHT: Scheme.AUTO}


def ask(visit: Visit) -> Outcome:
    """Return the page with one field, or a bridge for those whom another site sent."""
    wanted = local_path(visit.query.one("next"))
    return _page(visit, wanted, wrong=False)


def unlock(visit: Visit) -> Outcome:
    """Open the vault, or sign in to the open one."""
    wanted = local_path(visit.form.one("next"))
    passphrase = visit.form.one("passphrase")
    try:
        if visit.vault.locked:
            visit.vault.unlock(passphrase)
        elif not visit.vault.verify_passphrase(passphrase):
            return _page(visit, wanted, wrong=True)
    except WrongPassphraseError:
        return _page(visit, wanted, wrong=True)
    # THREAT T65: whoever knew or set an earlier id knows nothing of this one.
    return Go(to=wanted, session=SessionChange.BEGIN)


def lock(visit: Visit) -> Outcome:
    """Lock the vault."""
    visit.vault.lock()
    return Go(to="/unlock", session=SessionChange.END_ALL)


def scheme(visit: Visit) -> Outcome:
    """Go on to the next choice of colours: as the system, dark, light."""
    return Go(to=local_path(visit.form.one("next")), scheme=NEXT_SCHEME[visit.scheme])


def _page(visit: Visit, wanted: str, *, wrong: bool) -> Page:
    return Page(
        template="unlock.html",
        status=403 if wrong else 200,
        values={
            "next": wanted,
            "wrong": wrong,
            "elsewhere": visit.came_from_elsewhere,
            "providers": () if visit.vault.locked else visit.vault.login_names,
        },
    )
