"""The apps that may ask: what each was told, its grants, and its off switch.

- Stopping, pausing and revoking narrow what others may do, so they need no proof of the owner.
  Letting an app ask again or a paused grant hold again, sending an answer and registering an app
  widen it: they need the passphrase.
"""

from dataclasses import dataclass, replace

from sealhold.frontends.web.visit import Go, Outcome, Page, Visit
from sealhold.model.errors import InvalidError, LookalikeError, WrongPassphraseError
from sealhold.model.ids import canonical
from sealhold.model.shown import AppView

KEY_BYTES = 32
LOOKALIKE = "lookalike"  # what a name like a known one needs a yes to
MAX_NAME = 80  # characters


def show(visit: Visit) -> Outcome:
    """Return the list of apps."""
    return _page(visit)


def suspend(visit: Visit) -> Outcome:
    """Stop an app."""
    app = visit.vault.apps.suspend(visit.names["id"])
    return Go(to="/statement") if visit.form.one("back") == "statement" else _back(app)


def resume(visit: Visit) -> Outcome:
    """Let a stopped app ask again."""
    _need_owner(visit)
    return _back(visit.vault.apps.resume(visit.names["id"]))


def revoke(visit: Visit) -> Outcome:
    """End a grant."""
    grant = visit.vault.grants.revoke(visit.names["id"])
    if visit.form.one("back") == "policies":
        return Go(to="/policies#runs")
    return Go(to=f"/apps#app-{canonical(grant.app)}")


def pause(visit: Visit) -> Outcome:
    """Let nothing happen under a grant for a while."""
    grant = visit.vault.grants.pause(visit.names["id"])
    return Go(to=f"/apps#app-{canonical(grant.app)}")


def go_on(visit: Visit) -> Outcome:
    """Let a paused grant hold again."""
    grant = visit.vault.grants.resume(visit.names["id"], visit.form.one("passphrase"))
    return Go(to=f"/apps#app-{canonical(grant.app)}")


def run(visit: Visit) -> Outcome:
    """Send one answer under a grant, now."""
    _need_owner(visit)
    answer = visit.vault.runs.run(visit.names["id"])
    return Go(to=f"/receipts/{canonical(answer.receipt)}")


def register(visit: Visit) -> Outcome:
    """Make an app known; its token is on the answer and nowhere else.

    Raises:
        InvalidError: its name or key is not one.
    """
    _need_owner(visit)
    name = visit.form.one("name").strip()
    if not name or len(name) > MAX_NAME:
        raise InvalidError(f"a name has 1 to {MAX_NAME} characters")
    confirmed = visit.form.one("confirm") == LOOKALIKE
    key = _key(visit.form.one("key"))
    try:
        app, token = visit.vault.apps.register_app(name, key, confirmed=confirmed)
    except LookalikeError:
        # THREAT T12: the list of those that are known stands above the question
        return replace(_page(visit, draft=_Draft(name=name, key=key.hex())), status=409)
    return _page(visit, app, token)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What was typed into the form, and needs one yes more."""

    name: str
    key: str


def _page(
    visit: Visit, new: AppView | None = None, token: str = "", draft: _Draft | None = None
) -> Page:
    apps = visit.vault.apps.list()
    active = sum(app.state == "active" for app in apps)
    grants = [grant.id for app in apps for grant in app.grants]
    return Page(
        template="apps.html",
        values={
            "apps": apps,
            "sources": {each: visit.vault.grants.show(canonical(each))[1] for each in grants},
            "headline": _headline(len(apps), active),
            "active": active,
            "new": new,
            "token": token,
            "draft": draft,
        },
    )


def _headline(known: int, active: int) -> str:
    if not known:
        return "apps.none"
    return {0: "apps.all_stopped", 1: "apps.one"}.get(active, "apps.many")


def _back(app: AppView) -> Go:
    return Go(to=f"/apps#app-{canonical(app.id)}")


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as err:
        raise InvalidError("the key is not written in hex digits") from err
    if len(key) != KEY_BYTES:
        raise InvalidError(f"the key has {len(key)} bytes, an Ed25519 key has {KEY_BYTES}")
    return key


def _need_owner(visit: Visit) -> None:
    # THREAT T60: a session alone, which another program might ride on, widens nothing.
    if not visit.vault.verify_passphrase(visit.form.one("passphrase")):
        raise WrongPassphraseError("the passphrase does not open this vault")
