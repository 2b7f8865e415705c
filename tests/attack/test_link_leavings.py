"""Links attacked by haste, by other accounts, and by what is shared."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sealhold.crypto.digest import sha256
from sealhold.crypto.linkseal import link_keys
from sealhold.model.errors import (
    AuditUnavailableError,
    CarrierFullError,
    CarrierRefusedError,
    InvalidError,
    ObjectNotFoundError,
    UnansweredError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY, Instant
from sealhold.net.relay.admin import usage_of
from sealhold.net.relay.linkcalls import LinkOwner, open_link
from sealhold.net.relay.linkpage import POLICY
from sealhold.net.relay.papers import Rights
from sealhold.policy.shareterms import Tier
from sealhold.policy.sharetexts import label
from sealhold.sharing.links import making
from sealhold.sharing.links.linkbook import KeptLink, LinkBook
from sealhold.sharing.links.linkhead import LinkHead, file_name
from sealhold.sharing.links.looking import Subject, look
from sealhold.sharing.links.making import Wanted
from sealhold.sharing.links.reading import opened
from tests.linking import UNTIL, Made, made
from tests.relaying import NOW, Place, Running, entropy, running
from tests.unit.memory_vault import NOON, MemoryVault, memory_vault

MARK = b"a-marker-that-nobody-else-may-read"
LONG = MARK * 40_000  # two pieces of content
OTHER = Id16(b"another account.")


@pytest.fixture(scope="module")
def relay() -> Iterator[Running]:
    place = Place()
    place.quotas[OTHER] = 1 << 30
    with running(place) as relay:
        yield relay


def read(relay: Running, link: Made) -> bytes:
    """Return what a link opens."""
    return b"".join(opened(relay.caller(), link.link).content())


# --- T559: what leaves, and whose it is ---


@pytest.mark.threat("T559")
def test_another_account_neither_fills_nor_ends_nor_reads_a_link(relay: Running) -> None:
    link = made(relay, b"text")
    theirs = LinkOwner(relay.caller(), relay.place.account_token(OTHER), link.link.id)

    theirs.end()  # as for one that is not there
    with pytest.raises(CarrierRefusedError):
        theirs.begin(link.terms)
    for ask in (theirs.told, theirs.ready, lambda: theirs.put(0, bytes(4_112))):
        with pytest.raises(ObjectNotFoundError):
            ask()
    of_a_box = relay.admin().mint(Rights.ADMIN)
    nobody = LinkOwner(relay.caller(), of_a_box, link.link.id)
    with pytest.raises(CarrierRefusedError):
        nobody.end()
    assert read(relay, link) == b"text"


@pytest.mark.threat("T559")
def test_no_more_is_taken_than_the_account_has_room_for_and_all_of_it_comes_back() -> None:
    place = Place()
    place.quotas[Id16(b"account of tests")] = 400_000
    with running(place) as relay:
        before = usage(relay)
        links = [made(relay, b"text") for _ in range(2)]
        with pytest.raises(CarrierFullError):
            made(relay, bytes(1_000_000))
        assert usage(relay) > before
        for link in links:
            link.owner.end()
        assert usage(relay) == before
        with pytest.raises(InvalidError):
            made(relay, b"text", until=Instant(NOW + 92 * DAY))


def usage(relay: Running) -> int:
    return usage_of(relay.caller(), relay.place.account_token()).used


@contextmanager
def vault() -> Iterator[tuple[MemoryVault, LinkBook]]:
    with memory_vault(seed=entropy(16)) as found:
        yield found, LinkBook(found.core)


def wanted(relay: Running, parts: Callable[[], list[bytes]], seen: bytes) -> Wanted:
    size = len(seen)
    head = LinkHead(name="n", size=size, sender="", until=UNTIL, label=label(Tier.COPY))
    return Wanted(
        head=head,
        content=parts,
        digest=sha256(seen),
        kind="file",
        host=f"http://127.0.0.1:{relay.address.port}",
        token=relay.place.account_token(),
        most=0,
        passphrase="",
    )


@pytest.mark.threat("T559")
def test_where_the_log_cannot_be_written_nothing_leaves() -> None:
    heard: list[object] = []
    with running(watch=lambda head, _body: heard.append(head)) as relay, vault() as (found, book):
        found.heads.is_full = True
        with pytest.raises(AuditUnavailableError):
            make(relay, found, book, wanted(relay, lambda: [b"text"], b"text"))
        found.heads.is_full = False

    assert heard == []


def make(relay: Running, found: MemoryVault, book: LinkBook, plan: Wanted) -> KeptLink:
    tell: list[tuple[int, int]] = []
    kept, _ = making.make(
        book,
        relay.caller(),
        plan,
        NOON,
        found.core.entropy,
        lambda done, whole: tell.append((done, whole)),
    )
    return kept


@pytest.mark.threat("T559")
def test_what_changed_since_it_was_looked_at_is_opened_to_nobody(relay: Running) -> None:
    with vault() as (found, book):
        for later in ([b"other"], [b"longer than it was"], [b""]):
            with pytest.raises(InvalidError, match="changed while"):
                make(relay, found, book, wanted(relay, lambda now=later: now, b"texts"))  # type: ignore[misc]

        assert [each.state for each in book.every()] == ["revoked"] * 3


@pytest.mark.threat("T559")
def test_a_kill_while_pieces_go_leaves_a_link_that_is_listed_and_can_be_ended(
    relay: Running,
) -> None:
    class Killed(BaseException):
        pass

    def killed(_done: int, _whole: int) -> None:
        raise Killed

    with vault() as (found, book):
        plan = wanted(relay, lambda: [LONG], LONG)
        with pytest.raises(Killed):
            making.make(book, relay.caller(), plan, NOON, found.core.entropy, killed)
        [kept] = LinkBook(found.core).every()
        assert kept.state == "begun"
        owner = LinkOwner(relay.caller(), kept.token, Id16(kept.id))
        assert owner.told().end == "filling"
        assert making.end(book, relay.caller(), kept).state == "revoked"
        assert owner.told().end == "revoked"


@pytest.mark.threat("T559")
def test_a_finding_without_an_answer_holds_a_link_back() -> None:
    subject = Subject(kind="file", row={}, hidden=frozenset({"metadata"}))
    looked = look(subject, bytes(32), NOW, UNTIL, 0)

    for signs, shown in (((), ""), (("sensitive",), ""), (("hidden_data",), "0" * 16)):
        with pytest.raises(UnansweredError):
            looked.check(signs, shown)
    looked.check(("hidden_data",), looked.digest)
    other = look(subject, bytes(31) + b"\1", NOW, UNTIL, 0)
    assert other.digest != looked.digest


# --- T560: what is shared, against whoever opens it ---


@pytest.mark.threat("T560")
def test_a_name_neither_leads_elsewhere_nor_hides_what_it_is() -> None:
    hostile = (
        "../../.ssh/id",
        "a\u202etxt.exe",
        "x\0y",
        "..",
        "",
        "C:\\boot.ini",
        "a\nb",
        "q" * 999,
    )
    for each in hostile:
        name = file_name(each)
        assert name
        assert not set(name) & set("/\\\0\n\u202e:")
        assert not name.startswith(".")
        assert len(name) <= 200


@pytest.mark.threat("T560")
def test_the_page_runs_its_own_script_alone_and_pieces_have_no_type(relay: Running) -> None:
    assert "unsafe" not in POLICY
    assert "frame-ancestors 'none'" in POLICY
    link = made(relay, b"<script>alert(1)</script>")
    keys = link_keys(link.link.key, link.link.id)
    found = open_link(relay.caller(), link.link.id, keys.proof.reveal())
    wire = relay.caller()._link()
    path = f"GET /v1/s/{link.link.id.hex()}/1 HTTP/1.1\r\nHost: x\r\n"
    bearer = f"Authorization: Bearer {found.ticket}\r\n\r\n"
    wire.send((path + bearer).encode(), b"", 5)
    told = (wire.head(5, 5) or b"").decode().lower()
    wire.close()

    assert "content-type: application/octet-stream" in told
    assert "x-content-type-options: nosniff" in told
    assert "default-src 'none'; sandbox" in told
