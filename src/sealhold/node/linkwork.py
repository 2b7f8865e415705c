"""Links, as a face asks for them: a preview, making one, what became of them, ending one.

- A link is kept by a relay: the one that is named, or the first that this device syncs through.
- Whoever has a link opens it here without the page of its host, and needs no vault.

Source: docs/spec/53-link-shares.md sections 6 and 7.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.model.errors import (
    CarrierAwayError,
    CarrierRefusedError,
    InvalidError,
    NoLinkHostError,
    ObjectNotFoundError,
    StoreUnavailableError,
    TakenError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY, MINUTE, Instant
from sealhold.model.shown.links import LinkFinding, LinkPreview, LinkView
from sealhold.net.relay.calling import Caller, address_of
from sealhold.net.relay.linkcalls import LinkOwner
from sealhold.net.relay.linkspec import MAX_MOST
from sealhold.node.devicework import DeviceWork
from sealhold.node.linkobjects import Choice, Found, find
from sealhold.node.node import Node
from sealhold.policy.shareterms import Tier
from sealhold.policy.sharetexts import label
from sealhold.policy.suspicion import Finding, Sign
from sealhold.sharing.devices.joinpapers import read_way
from sealhold.sharing.links import making
from sealhold.sharing.links.linkbook import GONE, OVER, KeptLink, LinkBook
from sealhold.sharing.links.linkhead import MAX_FROM, LinkHead, file_name, link_in
from sealhold.sharing.links.looking import FIXES, Looked, digest_of, look
from sealhold.sharing.links.making import Tell, Wanted
from sealhold.sharing.links.reading import Shared, opened

LONGEST: Final = 90 * DAY
SHORTEST: Final = 5 * MINUTE
LEAST_PASSPHRASE: Final = 8
SAYS: Final = {
    Sign.THIRD_PERSON: "somebody else is in it",
    Sign.SENSITIVE: "it is {sensitive}, and whoever has the link reads it",
    Sign.HIDDEN_DATA: "hidden in it: {hidden}",
    Sign.FINER_TIME: "one time is made coarser, and another one beside it is not",
    Sign.HOME_OR_WORK: "it shows a place near home or work",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What its owner says about a link."""

    until: Instant
    sender: str = ""
    most: int = 0  # openings; 0: any number
    passphrase: str = ""
    host: str = ""  # empty: the first relay that this device syncs through
    token: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A link that was looked at and not made."""

    view: LinkPreview
    looked: Looked
    wanted: Wanted


class LinkWork:
    """The links of a vault. For one thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._core = node.parts.core
        self._book = LinkBook(self._core)

    def plan(self, choice: Choice, terms: Terms) -> Planned:
        """Return what a link would show, and what is odd about it; nothing leaves.

        Raises:
            InvalidError: its end, count, sender or passphrase cannot be.
            NoLinkHostError: no relay is named, and none known.
            NotFoundError: there is no such object.
        """
        now = self._core.clock()
        _check(terms, now)
        host, token = self._host(terms)
        found = find(self._node, choice)
        digest = digest_of(found.content())
        looked = look(found.subject, digest, now, terms.until, terms.most)
        head = LinkHead(
            name=found.name,
            size=found.size,
            sender=terms.sender,
            until=terms.until,
            label=label(Tier.COPY),
        )
        wanted = Wanted(
            head=head,
            content=found.content,
            digest=digest,
            kind=found.subject.kind,
            host=host,
            token=token,
            most=terms.most,
            passphrase=terms.passphrase,
        )
        return Planned(_preview(found, looked, wanted), looked, wanted)

    def make(
        self, planned: Planned, signs: tuple[str, ...], shown: str, tell: Tell
    ) -> tuple[LinkView, str]:
        """Make a link that was looked at; return it, and its text, which is kept nowhere.

        Raises:
            UnansweredError: a finding was not answered, or it is not what was shown.
            AuditUnavailableError: nothing can be written; nothing left.
            CarrierAwayError: the relay does not answer; the link stands in the list as begun.
            CarrierRefusedError: the relay knows no such account.
            CarrierFullError: the account has no room.
        """
        # THREAT T559: nothing leaves before each finding was answered
        planned.looked.check(signs, shown)
        now, entropy = self._core.clock(), self._core.entropy
        with _calling(planned.wanted.host) as caller:
            kept, link = making.make(self._book, caller, planned.wanted, now, entropy, tell)
        return _view(kept, heard=True), link.text()

    def every(self) -> list[LinkView]:
        """Return all links, the newest first; their hosts are asked what became of them."""
        return [self._heard(kept) for kept in self._book.every()]

    def show(self, text: str) -> LinkView:
        """Return one link; its host is asked what became of it.

        Raises:
            NotFoundError: there is none.
        """
        return self._heard(self._book.find(text))

    def revoke(self, text: str) -> LinkView:
        """Have a link open no more.

        Raises:
            NotFoundError: there is none.
            CarrierAwayError: its host does not answer.
            CarrierRefusedError: its host knows the account no more.
        """
        self._heard(self._book.find(text))
        kept = self._book.find(text)
        if kept.state in OVER:
            return _view(kept, heard=True)
        with _calling(kept.host) as caller:
            return _view(making.end(self._book, caller, kept), heard=True)

    def _heard(self, kept: KeptLink) -> LinkView:
        if kept.state in OVER:
            return _view(kept, heard=True)
        try:
            with _calling(kept.host) as caller:
                told = LinkOwner(caller, kept.token, Id16(kept.id)).told()
            return _view(self._book.hear(kept, told), heard=True)
        except ObjectNotFoundError:
            return _view(self._book.become(kept, GONE, "gone"), heard=True)
        except (CarrierAwayError, CarrierRefusedError):
            return _view(kept, heard=False)

    def _host(self, terms: Terms) -> tuple[str, str]:
        if terms.host:
            address_of(terms.host)
            return terms.host.rstrip("/"), terms.token
        devices = DeviceWork(self._node).devices
        if devices.is_begun:
            for told in devices.keeping.carriers().values():
                way = read_way(told)
                if way.kind == "relay":
                    return way.address.rstrip("/"), terms.token or way.token
        raise NoLinkHostError("no relay is named, and this vault syncs through none")


def save(text: str, passphrase: str, folder: Path, name: str = "") -> tuple[LinkHead, Path]:
    """Open a link and write what it shares into `folder`, under its own name or `name`.

    Raises:
        InvalidError: this is no link.
        LinkRefusedError: it is not there, or the key or passphrase is wrong.
        LinkEndedError: it opens no more.
        TamperedError: what came is not what was sealed; nothing is kept of it.
        TakenError: such a file is there.
        StoreUnavailableError: the folder cannot be written.
    """
    link = link_in(text)
    with _calling(link.host) as caller:
        shared = opened(caller, link, passphrase)
        path = folder / (name or file_name(shared.head.name))
        if path.exists():
            raise TakenError(f"`{path}` is there already")
        _write(path, shared)
    return shared.head, path


def _write(path: Path, shared: Shared) -> None:
    """Write a content whole, or nothing.

    Raises:
        StoreUnavailableError: the folder cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            for piece in shared.content():
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as err:
        raise StoreUnavailableError(f"`{path}` cannot be written") from err
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def asks(text: str) -> bool:
    """Return whether a link asks for a passphrase.

    Raises:
        InvalidError: it is none.
    """
    return link_in(text).asks


@contextmanager
def _calling(host: str) -> Iterator[Caller]:
    caller = Caller(address_of(host, private=True))
    try:
        yield caller
    finally:
        caller.close()


def _check(terms: Terms, now: Instant) -> None:
    if not now + SHORTEST <= terms.until <= now + LONGEST:
        raise InvalidError("a link ends in 5 minutes or later, and within 90 days")
    if not 0 <= terms.most <= MAX_MOST:
        raise InvalidError("a link can be opened once or more")
    if len(terms.sender) > MAX_FROM or not terms.sender.isprintable():
        raise InvalidError(f"a sender has at most {MAX_FROM} characters, on one line")
    if terms.passphrase and len(terms.passphrase) < LEAST_PASSPHRASE:
        raise InvalidError(f"a passphrase has {LEAST_PASSPHRASE} characters or more")


def _preview(found: Found, looked: Looked, wanted: Wanted) -> LinkPreview:
    head = wanted.head
    return LinkPreview(
        name=head.name,
        kind=wanted.kind,
        size=head.size,
        sender=head.sender,
        until=head.until,
        most=wanted.most,
        asks=bool(wanted.passphrase),
        host=wanted.host,
        label=head.label,
        text=found.text,
        findings=tuple(_finding(one, found) for one in looked.found),
        digest=looked.digest,
    )


def _finding(one: Finding, found: Found) -> LinkFinding:
    subject = found.subject
    says = SAYS.get(one.sign, one.sign.value.replace("_", " ")).format(
        sensitive=subject.sensitivity.name.lower(), hidden=", ".join(sorted(subject.hidden))
    )
    return LinkFinding(sign=one.sign.value, says=says, fix=FIXES[one.fix])


def _view(kept: KeptLink, *, heard: bool) -> LinkView:
    return LinkView(
        id=kept.id.hex(),
        name=kept.name,
        kind=kept.kind,
        size=kept.size,
        sender=kept.sender,
        host=kept.host,
        made=kept.made,
        until=kept.until,
        most=kept.most,
        asks=kept.asks,
        state=kept.state,
        opened=kept.opened,
        wrong=kept.wrong,
        times=kept.times,
        heard=heard,
    )
