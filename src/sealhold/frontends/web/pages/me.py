"""A person's own page: what an app keeps about them, who looked, and what they can do about it.

- A link from the app leads in. It is opened by a button, so that no program that follows links
  uses it up, and it is good once. So does a passkey, or the provider that the app named.
- A choice is one button. What cannot be undone is shown first, with what goes, and needs a tick.

Source: docs/spec/30-access.md section 6.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sealhold.frontends.web.pages.gate import NEXT_SCHEME
from sealhold.frontends.web.texts import text
from sealhold.frontends.web.visit import (
    Go,
    Handler,
    Outcome,
    Page,
    PageRoute,
    Paper,
    SessionChange,
    Visit,
)
from sealhold.frontends.web.words_me import ME
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import DeniedError, InvalidError, LockedError
from sealhold.model.ids import canonical
from sealhold.model.mine import MineView
from sealhold.model.principals import Caller
from sealhold.model.processing import ChoiceState, ChoiceView, UseLine
from sealhold.model.staying import StayView

HOME, SIGN_IN, OVER = "/me", "/me/in", "/me/in?over=1"
CAPITAL = re.compile(r"([A-Z])")
SLOTS, NO_SLOT = {str(slot): slot for slot in range(10)}, -1  # of passkeys
SHOWN = 20  # uses on one page
HELD = {"ident": "fields", "personrecord": "records", "attachment": "files"}  # in words


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRow:
    """One use, and the words that tell of it."""

    line: UseLine
    who: str
    did: str
    purpose: str


class Stay(NamedTuple):
    """A duty to keep, and what is held under it: key of the words, number, collection."""

    view: StayView
    items: tuple[tuple[str, int, str], ...]


def ways_in(visit: Visit) -> Outcome:
    """Return the page for those who are not signed in."""
    return door(visit, 401, trouble="me.in_over" if visit.query.one("over") else "")


def ask(visit: Visit) -> Outcome:
    """Return the page with the button that opens a link."""
    link = visit.query.one("link")
    return door(visit, 200, link=link, trouble="" if link else "me.in_gone")


def sign_in(visit: Visit) -> Outcome:
    """Sign in whoever shows a passkey."""
    try:
        made = visit.vault.passkeys.sign_in(visit.origin, visit.form.one("answer"))
    except LockedError:
        return door(visit, 503)
    except DeniedError:
        return door(visit, 403, trouble="me.passkey_wrong")
    return let_in(visit, made.token)


def enter(visit: Visit) -> Outcome:
    """Open a link, which is used up by that."""
    try:
        made = visit.vault.mine.enter(visit.form.one("link"))
    except LockedError:
        return door(visit, 503, link=visit.form.one("link"))
    except DeniedError:
        return door(visit, 403, trouble="me.in_gone")
    return let_in(visit, made.token)


def leave(visit: Visit) -> Outcome:
    """Sign out."""
    visit.vault.mine.leave(visit.me)
    return Go(to=SIGN_IN, session=SessionChange.END_MINE)


def scheme(visit: Visit) -> Outcome:
    """Go on to the next choice of colours."""
    return Go(to=HOME, scheme=NEXT_SCHEME[visit.scheme])


def show(visit: Visit) -> Outcome:
    """Return the page, or the way in if the sign-in is over."""
    caller = _caller(visit)
    try:
        mine = visit.vault.mine.show(visit.me)
        subject = canonical(mine.subject)
        choices = visit.vault.choices.choices(caller, subject)
        uses = visit.vault.choices.uses(caller, subject, visit.query.one("before"), SHOWN)
    except DeniedError:
        return Go(to=OVER, session=SessionChange.END_MINE)
    values = {
        "mine": mine,
        "categories": {each.name: words(each.category) for each in mine.fields},
        "choices": [(each, words(each.purpose), _buttons(each)) for each in choices],
        "uses": [_row(line) for line in uses.uses],
        "before": uses.before,
        "passkeys": visit.vault.passkeys.all(visit.me),
        "login": visit.vault.callers.person_logins.login(visit.me),
        "asked": _asked(visit, mine),
    }
    return Page(template="me.html", values=values)


def signed_in(handler: Handler) -> Handler:
    """Return a handler that leads to the way in, if the sign-in is over by then."""

    def handled(visit: Visit) -> Outcome:
        try:
            return handler(visit)
        except DeniedError:
            if _holds(visit):
                raise
            return Go(to=OVER, session=SessionChange.END_MINE)

    return handled


def _holds(visit: Visit) -> bool:
    try:
        visit.vault.passkeys.all(visit.me)
    except DeniedError:
        return False
    return True


def choose(visit: Visit) -> Outcome:
    """Keep what the person says to a processing.

    Raises:
        DeniedError: they may not choose with this sign-in.
        UnsayableError: what they saw is not what applies now.
    """
    subject = canonical(visit.vault.mine.show(visit.me).subject)
    visit.vault.choices.choose(
        _caller(visit),
        subject,
        visit.names["id"],
        visit.form.one("choice"),
        visit.form.one("notice"),
        None,
    )
    return Go(to=f"{HOME}#choices")


def export(visit: Visit) -> Outcome:
    """Hand over all that is kept about the person.

    Raises:
        BusyError: too many others do so at this moment.
    """
    subject = canonical(visit.vault.mine.show(visit.me).subject)
    chunks = visit.vault.rights.export(visit.me, subject, "")
    return Paper(name="my-data.zip", media="application/zip", data=b"", chunks=chunks)


def add_passkey(visit: Visit) -> Outcome:
    """Keep the passkey that the browser made.

    Raises:
        DeniedError: it does not hold, or they may not choose with this sign-in.
        ExhaustedError: they have as many as they may.
    """
    answer, name = visit.form.one("answer"), visit.form.one("name")
    visit.vault.passkeys.add(visit.me, visit.origin, answer, name)
    return Go(to=f"{HOME}#passkeys")


def remove_passkey(visit: Visit) -> Outcome:
    """Take a passkey out.

    Raises:
        DeniedError: there is none, or they may not choose with this sign-in.
    """
    visit.vault.passkeys.remove(visit.me, SLOTS.get(visit.names["slot"], NO_SLOT))
    return Go(to=f"{HOME}#passkeys")


def look_at_erasing(visit: Visit) -> Outcome:
    """Return what would be erased, and the button."""
    mine, held = visit.vault.mine.show(visit.me), visit.vault.holds.of_mine(visit.me)
    return Page(template="me_erase.html", values={"mine": mine, "stays": _stays(held)})


def erase(visit: Visit) -> Outcome:
    """Erase the person, if they said yes to it.

    Raises:
        InvalidError: the tick is missing.
        DeniedError: they may not choose with this sign-in.
    """
    if visit.form.one("sure") != "yes":
        raise InvalidError(text("me.erase_unsure"))
    receipt = visit.vault.mine.erase(visit.me)
    stays = _stays(receipt.stays)
    title = text("me.gone_title_held" if stays else "me.gone_title")
    values = {"receipt": receipt, "stays": stays, "title": title, "me": False}
    return Page(template="me_gone.html", values=values)


def let_in(visit: Visit, token: str) -> Go:
    """Begin the session of whoever holds a token."""
    if visit.me:
        visit.vault.mine.leave(visit.me)  # whoever was signed in with this browser
    return Go(to=HOME, session=SessionChange.BEGIN_MINE, token=token)


def door(visit: Visit, status: int, link: str = "", trouble: str = "") -> Page:
    """Return the way in of people: by a passkey, a link, or the provider of their app."""
    is_closed = visit.vault.locked
    if is_closed:
        trouble, status = "me.in_closed", 503
    asked = "" if link or is_closed else _json(visit.vault.passkeys.to_show(visit.origin))
    app = visit.names.get("app", "")
    way = None if link or is_closed or not app else visit.vault.callers.person_logins.way_in(app)
    values = {
        "link": link,
        "trouble": trouble,
        "asked": asked,
        "is_closed": is_closed,
        "app": app,
        "way": way,
    }
    return Page(template="me_in.html", status=status, values=values)


def _asked(visit: Visit, mine: MineView) -> str:
    if not mine.may_choose:
        return ""
    return _json(visit.vault.passkeys.to_make(visit.me, visit.origin, mine.app_name))


def _json(asked: Mapping[str, Plain]) -> str:
    return to_json(dict(asked)).decode()


def _stays(stays: tuple[StayView, ...]) -> list[Stay]:
    """Return each duty to keep, and what is held under it."""
    return [Stay(each, tuple(_held(*item) for item in each.items.items())) for each in stays]


def _held(name: str, number: int) -> tuple[str, int, str]:
    table, _, collection = name.partition("/")
    return f"me.erase_{HELD[table]}_held", number, collection


def _caller(visit: Visit) -> Caller:
    return Caller(role="person", token=visit.me)


def _buttons(choice: ChoiceView) -> tuple[str, ...]:
    """Return what the person can say now."""
    if not choice.is_active:
        return ()
    if choice.state is ChoiceState.ALLOWED:
        return ("withdraw",)
    return ("allow", "deny") if choice.state is ChoiceState.PENDING else ("allow",)


def _row(line: UseLine) -> UseRow:
    who = line.app if line.actor == "app" and line.app else text(f"me.who_{line.actor}")
    return UseRow(line=line, who=who, did=_did(line), purpose=words(line.purpose or ""))


def _did(line: UseLine) -> str:
    """Return what somebody did or wanted, in words."""
    kind, _, reason = line.what.partition(": ")
    if line.outcome == "denied" and f"me.tried_{kind}" in ME:
        return text(f"me.tried_{kind}")
    if line.outcome == "denied":
        return text("me.tried_other")
    key = f"me.use_{kind}_{reason.replace(' ', '_')}"
    return text(key) if key in ME else text("me.use_other", what=f"{kind}: {reason}")


def words(term: str) -> str:
    """Return a term of the vocabulary as words: `service provision`."""
    return CAPITAL.sub(r" \1", term).strip().lower()


ROUTES = (
    PageRoute(path="/me/in", get=ways_in, is_open=True, is_mine=True),
    PageRoute(path="/me/enter", get=ask, post=enter, is_open=True, is_mine=True),
    PageRoute(path="/me/passkey", post=sign_in, is_open=True, is_mine=True),
    PageRoute(path="/me/passkeys", post=signed_in(add_passkey), is_mine=True),
    PageRoute(path="/me/passkeys/{slot}/remove", post=signed_in(remove_passkey), is_mine=True),
    PageRoute(path="/me/leave", post=leave, is_mine=True),
    PageRoute(path="/me/scheme", post=scheme, is_mine=True),
    PageRoute(path=HOME, get=show, is_mine=True),
    PageRoute(path="/me/choices/{id}", post=signed_in(choose), is_mine=True),
    PageRoute(path="/me/export", post=signed_in(export), is_mine=True),
    PageRoute(
        path="/me/erase", get=signed_in(look_at_erasing), post=signed_in(erase), is_mine=True
    ),
)
