"""A new share: written down, looked at, and made as it was shown.

- The preview carries its digest and the moment from which the share holds; what is made is compared
  with both. Each finding is answered, or its fix is taken and it is looked at again.

Source: docs/spec/20-faces.md section 9; docs/spec/49-sharing.md sections 7 and 8.
"""

from sealhold.frontends.web.pages.circling import TOLD, instant_of
from sealhold.frontends.web.visit import Fields, Go, Outcome, Page, Visit
from sealhold.model.errors import InvalidError, SealholdError, WrongPassphraseError
from sealhold.model.quantities import Instant
from sealhold.model.shown.circle import ShareWish
from sealhold.model.shown.shares import PreviewView

ACTIONS = ("view", "search", "compute", "edit", "export", "reshare")
MAX_DIGITS = 18  # of a number in a form
FIX, MEANT = "fix", "meant"  # answers to a finding


def show(visit: Visit) -> Outcome:
    """Return the empty form."""
    return _form(visit)


def look(visit: Visit) -> Outcome:
    """Return what a share would do; nothing is changed."""
    try:
        wish = _wish(visit)
        shown = visit.vault.circle.sharing.preview(wish)
        if fixes := _answered(visit.form, shown, FIX):
            wish = _wish(visit, fixes)
            shown = visit.vault.circle.sharing.preview(wish)
    except TOLD as err:
        return _form(visit, err, 409)
    return _preview(wish, shown)


def make(visit: Visit) -> Outcome:
    """Make a share as it was shown."""
    form, sharing = visit.form, visit.vault.circle.sharing
    try:
        wish = _wish(visit)
        shown = sharing.preview(wish)
        if _answered(form, shown, FIX):
            return look(visit)
        meant = _answered(form, shown, MEANT)
        # THREAT T565: the digest of what was shown goes along; the vault makes no other share
        made = sharing.make(wish, form.one("digest"), meant, form.one("passphrase"))
    except WrongPassphraseError as err:
        return _preview(wish, shown, err, 403)
    except TOLD as err:
        return _form(visit, err, 409)
    return Go(to=f"/sharing/given/{made}")


def _answered(form: Fields, shown: PreviewView, answer: str) -> tuple[str, ...]:
    """Return the signs of findings that have an answer."""
    return tuple(each.sign for each in shown.findings if form.one(f"answer-{each.sign}") == answer)


def _wish(visit: Visit, more: tuple[str, ...] = ()) -> ShareWish:
    """Return what the form says.

    Raises:
        InvalidError: a field is not what the form offered.
    """
    form = visit.form
    begins = _number(form.one("begins"))
    return ShareWish(
        name=form.one("name").strip(),
        people=form.many("person"),
        objects=tuple(line.strip() for line in form.one("objects").splitlines() if line.strip()),
        actions=form.many("may"),
        purposes=form.many("purpose"),
        begins=Instant(begins) if begins else visit.now,
        ends=_ends(form),
        most=_number(form.one("most")),
        tier=form.one("tier"),
        fixes=(*form.many("fixed"), *more),
    )


def _ends(form: Fields) -> Instant | None:
    if said := _number(form.one("ends_at")):
        return Instant(said)
    return instant_of(form.one("ends"))


def _number(text: str) -> int:
    text = text.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise InvalidError("a number is written in digits")
    return int(text)


def _form(visit: Visit, trouble: SealholdError | None = None, status: int = 200) -> Page:
    form = visit.form
    return Page(
        template="share_new.html",
        status=status,
        values={
            "choices": visit.vault.circle.sharing.choices(),
            "actions": ACTIONS,
            "trouble": trouble,
            "said": {
                "name": form.one("name"),
                "people": form.many("person"),
                "objects": form.one("objects") or visit.query.one("object"),
                "actions": form.many("may") or ("view",),
                "purposes": form.many("purpose"),
                "ends": form.one("ends"),
                "most": form.one("most"),
                "tier": form.one("tier"),
            },
        },
    )


def _preview(
    wish: ShareWish, shown: PreviewView, trouble: SealholdError | None = None, status: int = 200
) -> Page:
    fields = (
        ("name", wish.name),
        *(("person", each) for each in wish.people),
        ("objects", "\n".join(wish.objects)),
        *(("may", each) for each in wish.actions),
        *(("purpose", each) for each in wish.purposes),
        ("begins", str(int(wish.begins))),
        ("ends_at", "" if wish.ends is None else str(int(wish.ends))),
        ("most", str(wish.most) if wish.most else ""),
        ("tier", wish.tier),
        *(("fixed", each) for each in wish.fixes),
    )
    return Page(
        template="share_look.html",
        status=status,
        values={"wish": wish, "shown": shown, "fields": fields, "trouble": trouble},
    )
