"""A share as somebody writes it down in a command or a page, and the clauses that it means.

Source: docs/spec/49-sharing.md section 1.
"""

from dataclasses import dataclass, replace

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, InvalidGrantError
from sealhold.model.ids import TaskDigest
from sealhold.model.quantities import Instant, rfc3339
from sealhold.node.sharework import ShareWork
from sealhold.policy.share import Clauses, Count, Per, default_tier
from sealhold.policy.sharepapers import VERSION, parse_clauses, to_document
from sealhold.policy.shareterms import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareForm:
    """What somebody wants to share."""

    people: tuple[str, ...]  # names of contacts
    objects: tuple[str, ...] = ()  # `COLLECTION/PATH`
    dataset: str = ""  # instead of objects
    rows: str = "all"
    actions: tuple[str, ...] = ("view",)
    purposes: tuple[str, ...] = ()
    begins: Instant | None = None  # None: now
    ends: Instant | None = None
    count: int = 0  # 0: not counted
    per: str = Per.GRANT.value
    precision: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    reshare: int = 0
    notify: bool = False
    receipt: bool = True
    delete_after: int | None = None  # days
    tier: str = ""  # empty: `T3` with a task, `T2` with a count, else `T1`
    task: str = ""  # name or digest of the program that answers


def clauses_of(form: ShareForm, work: ShareWork, now: Instant) -> Clauses:
    """Return the clauses that a form means.

    Raises:
        NotFoundError: a person, object or program is not known.
        InvalidGrantError: a value is not one of a share, or they do not agree.
        UnknownPurposeError: a purpose is not in the vocabulary.
    """
    form, task = _answering(form, work)
    if not form.actions:
        raise InvalidGrantError("`share.actions` is empty: say what they may do, `view` at least")
    who = sorted({work.contacts.contacts.named(name).id.hex() for name in form.people})
    what: Plain
    if form.dataset:
        what = {"dataset": form.dataset, "rows": form.rows}
    else:
        what = {"ids": sorted({work.files.named(each).hex() for each in form.objects})}
    if form.count and form.per not in tuple(Per):
        raise InvalidGrantError("`share.count.per` is grant, person or day")
    count = Count(most=form.count, per=Per(form.per)) if form.count else None
    duties: dict[str, Plain] = {"notify": form.notify, "receipt": form.receipt}
    if form.delete_after is not None:
        duties["delete_after"] = form.delete_after
    document: dict[str, Plain] = {
        "v": VERSION,
        "who": who,
        "what": what,
        "actions": sorted(set(form.actions)),
        "purposes": sorted(set(form.purposes)),
        "not_before": rfc3339(now if form.begins is None else form.begins),
        "precision": list(form.precision),
        "omit": sorted(set(form.omit)),
        "reshare": form.reshare,
        "duties": duties,
        "bars": [],
        "tier": form.tier or default_tier(count).word,
    }
    if form.ends is not None:
        document["not_after"] = rfc3339(form.ends)
    if count is not None:
        document["count"] = {"max": count.most, "per": count.per.value}
    if task is not None:
        document["task"] = task.hex()
    return parse_clauses(document)


def _answering(form: ShareForm, work: ShareWork) -> tuple[ShareForm, TaskDigest | None]:
    """Return a form with what follows from the program that it names, and its digest."""
    if not form.task:
        return form, None
    task, purpose = work.answers.named(form.task)
    actions = ("compute",) if form.actions in {(), ("view",)} else form.actions
    purposes = form.purposes or (purpose,)
    tier = form.tier or Tier.ANSWER.word
    return replace(form, actions=actions, purposes=purposes, tier=tier), task


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeForm:
    """What a share is to say from now on; what is None stays."""

    rows: str | None = None
    purposes: tuple[str, ...] | None = None
    ends: Instant | None = None
    is_endless: bool = False
    count: int | None = None
    precision: tuple[str, ...] | None = None
    omit: tuple[str, ...] | None = None


def changed_clauses(clauses: Clauses, form: ChangeForm) -> Clauses:
    """Return clauses as a form changes them.

    Raises:
        InvalidError: nothing changes.
        InvalidGrantError: a value is not one of a share, or they do not agree.
        UnknownPurposeError: a purpose is not in the vocabulary.
    """
    document = to_document(clauses)
    if form.rows is not None:
        if not clauses.what.is_selector:
            raise InvalidGrantError("`share.what` has no rows: it is of files")
        document["what"] = {"dataset": clauses.what.dataset, "rows": form.rows}
    for name, values in (("purposes", form.purposes), ("omit", form.omit)):
        if values is not None:
            document[name] = sorted(set(values))
    if form.precision is not None:
        document["precision"] = list(form.precision)
    if form.is_endless:
        document.pop("not_after", None)
    if form.ends is not None:
        document["not_after"] = rfc3339(form.ends)
    if form.count is not None:
        per = Per.GRANT if clauses.count is None else clauses.count.per
        document["count"] = {"max": form.count, "per": per.value}
    found = parse_clauses(document)
    if found == clauses:
        raise InvalidError("nothing of this share would change")
    return found
