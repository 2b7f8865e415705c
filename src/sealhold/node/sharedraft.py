"""A share that is looked at before it holds: who would see what, and what is odd about it.

- Nothing is changed by looking. What is made later is compared with what was shown.

Source: docs/spec/49-sharing.md sections 7 and 8.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sealhold.model.errors import DeniedError, InvalidError, NotFoundError, TooLargeError
from sealhold.model.ids import ContactId, GrantId, Id16
from sealhold.model.quantities import DAY
from sealhold.model.shown.shares import EffectView, FindingView, PreviewView
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.nearby import reach
from sealhold.node.shareanswers import ShareAnswers, require_same_program
from sealhold.node.sharefiles import Offered, SharedFiles
from sealhold.node.sharegiven import excluded
from sealhold.node.sharerecords import SharedRecords
from sealhold.node.sharewords import line_views
from sealhold.node.togethershares import as_together, is_of_documents
from sealhold.policy.described import Around
from sealhold.policy.preview import Effect, preview, told, would_add
from sealhold.policy.share import Clauses, What
from sealhold.policy.sharefacts import HeldShare, ShareFacts
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.sharetexts import label
from sealhold.policy.suspicion import Finding, Fix, findings, fixed
from sealhold.sharing.peers import spaces
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.sharepaper import Record, records

MAX_SHOWN: Final = 3_000  # objects: their ids stand in one note, of at most 128 KiB
MAX_READ: Final = 50_000  # objects that a program reads: none of them lies in a space
BACK: Final = (30, 90)  # days that a preview of a rule looks back
_NOT_OF_RECORDS: Final = frozenset({Action.EDIT, Action.RESHARE})
_NEW: Final = GrantId(Id16(bytes(16)))  # stands for the share that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A share that is looked at, and may be made."""

    name: str
    clauses: Clauses  # with the owner's ids
    people: tuple[Known, ...]
    offered: Mapping[Id16, Offered]
    effect: Effect
    found: tuple[Finding, ...]
    came: Mapping[int, int]  # days back, objects that would have been added
    instead: Record | None = None  # of the share that is changed


class ShareLooking:
    """Looks at shares that may be made. For one thread."""

    def __init__(self, work: DeviceWork, contacts: ContactWork | None = None) -> None:
        """Begin.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        self._work, self._devices = work, work.devices
        self.contacts = ContactWork(work) if contacts is None else contacts
        self.files = SharedFiles(work.devices, partial(reach, work))
        self.records = SharedRecords(work.devices, work.shared_rows)
        self.answers = ShareAnswers(work.answers)

    def draft(
        self,
        name: str,
        clauses: Clauses,
        *,
        unverified: bool = False,
        instead: Record | None = None,
    ) -> Draft:
        """Return what a share would do, or a change of one; nothing is changed.

        Args:
            name: how the recipient sees it called.
            clauses: with the owner's ids.
            unverified: whether people count that were not verified.
            instead: the share that would say this from then on; None: it is a new one.

        Raises:
            NotFoundError: one of the people is no contact.
            DeniedError: one is not verified, or paused.
            InvalidError: nothing is in it, or files and documents, or no program that it takes.
            InvalidGrantError: a clause that such a share does not have.
            TooLargeError: more is in it than a share shows.
            NotFoundError: its dataset is not known.
            InvalidFilterError: rows or precision do not fit its dataset.
            LeakExhaustedError: its program could tell more of an object than it ever may.
        """
        self.records.begin_look()
        _check(clauses)
        if instead is not None:
            require_same_program(instead.clauses, clauses)
        people = tuple(self.person(each, unverified=unverified) for each in clauses.who)
        offered = self._by_id(clauses)
        _require_fits(clauses, len(offered))
        self.answers.look(clauses, None if instead is None else instead.grant)
        if is_of_documents(clauses, offered.values()):
            clauses = as_together(clauses)
        grant = _NEW if instead is None else instead.grant
        held = _held(grant, clauses, self._owner, offered)
        before, after = self._facts(()), self._facts((held,), but=grant)
        every = offered if instead is None else {**self._by_id(instead.clauses), **offered}
        things = [each.thing for each in every.values()]
        effect = preview(before, after, things, spaces.digest)
        around = self._around(clauses, every, grant)
        given = {one for sets in effect.of.values() for one in (*sets.appears, *sets.changed)}
        by_ids = replace(clauses, what=What(ids=frozenset(offered)))
        whole = clauses if clauses.what.is_selector else by_ids
        now = self._devices.now()
        came = {
            days: sum(
                would_add(
                    after,
                    things,
                    {each.id: each.came for each in every.values()},
                    now - days * DAY,
                ).values()
            )
            for days in BACK
        }
        return Draft(
            name=name,
            clauses=clauses,
            people=people,
            offered=every,
            effect=effect,
            found=findings(whole, given, around),
            came=came,
            instead=instead,
        )

    def shown(self, draft: Draft) -> PreviewView:
        """Return a share that is looked at, as faces show it."""
        names = {each.id: each.name for each in draft.people}
        paths = {each.id: each.path for each in draft.offered.values()}
        described = {each.id: each.describe() for each in draft.offered.values()}

        def listed(ids: Iterable[Id16]) -> tuple[str, ...]:
            return tuple(sorted(paths.get(each, each.hex()) for each in ids))

        effects = [
            EffectView(
                person=names.get(who, who.hex()[:16]),
                tier=tier.word,
                appears=listed(sets.appears),
                goes=listed(sets.goes),
                changed=listed(sets.changed),
                unchanged=len(sets.unchanged),
                types=tuple(told(sets.appears, described).types.items()),
            )
            for (who, tier), sets in sorted(draft.effect.of.items())
            if who in names
        ]
        return PreviewView(
            label=label(draft.clauses.tier),
            lines=line_views(draft.clauses, names),
            effects=tuple(effects),
            findings=tuple(
                FindingView(sign=each.sign.value, fix=each.fix.value, objects=listed(each.items))
                for each in draft.found
            ),
            would_add=tuple(draft.came.items()),
            digest=draft.effect.digest.hex(),
            answers=self.answers.look(
                draft.clauses, None if draft.instead is None else draft.instead.grant
            ),
        )

    def fixed(self, draft: Draft, signs: Sequence[str]) -> Draft:
        """Return a share after the fixes of some findings were taken; it is looked at again.

        Raises:
            InvalidError: no finding has one of these signs, or nothing is left.
        """
        for sign in signs:
            found = next((each for each in draft.found if each.sign.value == sign), None)
            if found is None:
                raise InvalidError(f"nothing is found under `{sign[:32]}`")
            grant = _NEW if draft.instead is None else draft.instead.grant
            around = self._around(draft.clauses, draft.offered, grant)
            clauses = fixed(draft.clauses, found, around)
            if found.fix is Fix.EXCLUDE and not clauses.what.is_selector:
                clauses = excluded(clauses, found.items)  # a folder may be what the share names
            draft = self.draft(draft.name, clauses, unverified=True, instead=draft.instead)
        return draft

    def person(self, who: ContactId, *, unverified: bool) -> Known:
        """Return a contact with whom something may be shared.

        Raises:
            NotFoundError: nobody of that id is known.
            DeniedError: they are paused, or were not verified.
        """
        known = self.contacts.contacts.by_root(who)
        if known is None:
            raise NotFoundError("nobody you know")
        if known.contact.is_paused:
            raise DeniedError("this contact is paused: verify their new card first")
        if not known.contact.is_verified and not unverified:
            raise DeniedError("this contact was not verified")
        return known

    # --- inside ---

    @property
    def _owner(self) -> ContactId:
        return ContactId(self._devices.me.root)

    def _offered(self, clauses: Clauses, grant: GrantId | None = None) -> list[Offered]:
        if clauses.what.is_selector:
            return self.records.every(clauses, grant)
        return list(self.files.every(clauses.what.ids))

    def _by_id(self, clauses: Clauses) -> dict[Id16, Offered]:
        return {each.id: each for each in self._offered(clauses)}

    def _facts(self, more: tuple[HeldShare, ...], but: GrantId = _NEW) -> ShareFacts:
        held = tuple(
            _held(
                each.grant,
                each.clauses,
                self._owner,
                {one.id: one for one in self._offered(each.clauses)},
            )
            for each in records(self._devices)
            if not each.is_revoked and each.grant != but
        )
        return ShareFacts(now=self._devices.now(), owner=self._owner, held=(*held, *more))

    def _around(self, clauses: Clauses, offered: Mapping[Id16, Offered], grant: GrantId) -> Around:
        return Around(
            now=self._devices.now(),
            owner=self._owner,
            described={each.id: each.describe() for each in offered.values()},
            held=self._facts((), but=grant).held,
            given={who: self._sizes(who, grant) for who in clauses.who},
            columns=self.records.columns(clauses),
            places=self.records.places(clauses),
        )

    def _sizes(self, who: ContactId, but: GrantId) -> tuple[int, ...]:
        """Return how many objects other shares gave a person."""
        return tuple(
            len(self._offered(each.clauses))
            for each in records(self._devices)
            if who in each.clauses.who and each.grant != but
        )


def _check(clauses: Clauses) -> None:
    """Return if a share can be kept up once it is made.

    Raises:
        InvalidError: a program is to read files; or it is of records, and for several people or
            for more than looking.
    """
    if clauses.tier is Tier.ANSWER and not clauses.what.is_selector:
        raise InvalidError("a program at T3 reads records: name a dataset in place of files")
    if clauses.what.is_selector and len(clauses.who) > 1:
        raise InvalidError("records are shared with one person: make a share for each")
    if clauses.what.is_selector and not clauses.actions.isdisjoint(_NOT_OF_RECORDS):
        raise InvalidError("records are looked at and taken out, and neither edited nor passed on")


def _require_fits(clauses: Clauses, objects: int) -> None:
    """Return if a share may have so many objects.

    Raises:
        InvalidError: there is none.
        TooLargeError: there are too many.
    """
    if not objects:
        raise InvalidError("nothing is in this share")
    most = MAX_READ if clauses.tier is Tier.ANSWER else MAX_SHOWN
    if objects > most:
        raise TooLargeError(f"at most {most:,} objects in a share, not {objects:,}")


def _held(
    grant: GrantId, clauses: Clauses, owner: ContactId, offered: Mapping[Id16, Offered]
) -> HeldShare:
    """Return a share as rules see it: folders are what lies in them now."""
    what = What(ids=frozenset(offered))
    return HeldShare(
        id=grant,
        issuer=owner,
        clauses=replace(clauses, what=what),
        signed=True,
        epoch=1,
        newest=1,
    )
