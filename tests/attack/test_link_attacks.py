"""Links attacked: by their host, by who guesses, and by who has an old ticket."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sealhold.crypto.digest import sha256
from sealhold.crypto.linkseal import link_keys
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    CarrierAwayError,
    DeniedError,
    LinkEndedError,
    LinkRefusedError,
    ObjectNotFoundError,
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.net.relay.calling import Call
from sealhold.net.relay.linkcalls import Opened, open_link
from sealhold.net.relay.linkpage import PAGE
from sealhold.net.relay.linkspec import MAX_WRONG, End, GoneError
from sealhold.sharing.hosting.linkrows import LINK, OPENING
from sealhold.sharing.hosting.linkshelf import REMEMBERED, TICKET, LinkShelf, name_of
from sealhold.sharing.links.linkhead import terms_of
from sealhold.sharing.links.reading import opened
from tests.linking import PHRASE, UNTIL, Change, LyingShelf, Made, made
from tests.recording import Recorder
from tests.relaying import NOW, Place, Running, entropy, running

MARK = b"a-marker-that-nobody-else-may-read"
LONG = MARK * 40_000  # two pieces of content


@pytest.fixture(scope="module")
def lied() -> Iterator[tuple[Running, LyingShelf]]:
    """A relay that lies about pieces, as `change` and `counts` say."""
    lies: list[LyingShelf] = []

    def lying(shelf: LinkShelf) -> LyingShelf:
        lies.append(LyingShelf(shelf))
        return lies[0]

    with running(links=lying) as relay:
        yield relay, lies[0]


@pytest.fixture(scope="module")
def relay() -> Iterator[Running]:
    with running() as relay:
        yield relay


def read(relay: Running, link: Made, passphrase: str = "") -> bytes:
    """Return what a link opens."""
    return b"".join(opened(relay.caller(), link.link, passphrase).content())


# --- T556: a host that gives out other pieces ---


def swapped(shelf: LyingShelf, first: int, second: int) -> Change:
    there = {first: second, second: first}

    def change(link: Id16, number: int, data: bytes) -> bytes:
        return shelf.shelf.objects.get(name_of(link, there.get(number, number))) or data

    return change


CHANGES: dict[str, Callable[[LyingShelf, Made], Change]] = {
    "a flipped bit": lambda _shelf, _other: (
        lambda _link, number, data: data[:9] + bytes([data[9] ^ 1]) + data[10:] if number else data
    ),
    "a cut piece": lambda _shelf, _other: (
        lambda _link, number, data: data[:-65_536] if number == 2 else data
    ),
    "two contents in another order": lambda shelf, _other: swapped(shelf, 1, 2),
    "the head where the content is": lambda shelf, _other: swapped(shelf, 0, 2),
    "a piece twice": lambda shelf, _other: (
        lambda link, number, _data: shelf.shelf.objects.get(name_of(link, min(number, 1)))
    ),
    "a piece of another link": lambda shelf, other: (
        lambda _link, number, _data: shelf.shelf.objects.get(name_of(other.link.id, number))
    ),
    "nothing": lambda _shelf, _other: lambda _link, number, data: b"" if number == 2 else data,
}


@pytest.mark.threat("T556")
@pytest.mark.parametrize("name", CHANGES)
def test_whatever_a_host_changes_opens_nowhere(name: str, lied: tuple[Running, LyingShelf]) -> None:
    relay, shelf = lied
    link, other = made(relay, LONG), made(relay, LONG[::-1])
    assert read(relay, link) == LONG
    shelf.change = CHANGES[name](shelf, other)
    try:
        with pytest.raises(SealBrokenError):
            read(relay, link)
    finally:
        shelf.change = lambda _link, _number, data: data


@pytest.mark.threat("T556")
@pytest.mark.parametrize("more", [-1, 1])
def test_a_host_that_tells_another_count_is_found(
    more: int, lied: tuple[Running, LyingShelf]
) -> None:
    relay, shelf = lied
    link = made(relay, LONG)
    shelf.counts = lambda count: count + more
    try:
        with pytest.raises((SealBrokenError, TamperedError)):
            read(relay, link)
    finally:
        shelf.counts = lambda count: count


@pytest.mark.threat("T556")
def test_an_older_content_of_the_same_id_opens_under_no_other_key(
    lied: tuple[Running, LyingShelf],
) -> None:
    relay, shelf = lied
    first = made(relay, LONG)
    old = {n: shelf.shelf.objects.get(name_of(first.link.id, n)) for n in range(3)}
    first.owner.end()
    relay.place.now = Instant(UNTIL + REMEMBERED)
    shelf.shelf.sweep()  # the id is free again
    until = Instant(relay.place.now + DAY)
    key = Secret(sha256(b"a later key"), "link key")
    again = replace(first, link=replace(first.link, key=key))
    keys = link_keys(key, first.link.id)
    terms = replace(first.terms, gate=sha256(keys.proof.reveal()), until=until)
    first.owner.begin(terms)
    for number, data in old.items():
        first.owner.put(number, data)
    first.owner.ready()
    relay.place.now = NOW

    with pytest.raises(SealBrokenError):
        read(relay, again)
    with pytest.raises(LinkRefusedError):
        read(relay, first)


# --- T557: guesses at a passphrase ---


@pytest.fixture
def gate() -> Iterator[LinkShelf]:
    """The shelf of a relay without its doors."""
    place = Place()
    yield place.shelf(place.mailboxes())
    place.rows.close()


def sealed_in(shelf: LinkShelf, proof: bytes, **more: int) -> Id16:
    """Make a link whose gate takes `proof`, straight at the shelf."""
    account, link = Id16(b"account of tests"), Id16(sha256(entropy(16))[:16])
    terms = terms_of(5, sha256(proof), Instant(more.get("until", UNTIL)), more.get("most", 0))
    shelf.begin(account, link, terms)
    for number in range(terms.pieces):
        shelf.put(account, link, number, bytes(terms.length(number)))
    assert shelf.ready(account, link)
    return link


@pytest.mark.threat("T557")
def test_after_a_hundred_wrong_tries_a_link_is_closed_to_the_right_one_too(
    gate: LinkShelf,
) -> None:
    link = sealed_in(gate, b"right")
    gate.open(link, b"right")
    for number in range(MAX_WRONG):
        with pytest.raises(DeniedError):
            gate.open(link, b"guess %d" % number)
        if number == MAX_WRONG // 2:  # the count outlives a process
            gate.committing.rows.renew()
    with pytest.raises(GoneError) as closed:
        gate.open(link, b"right")

    assert closed.value.why is End.CLOSED
    gate.sweep()
    with pytest.raises(ObjectNotFoundError):
        gate.objects.head(name_of(link, 0))


@pytest.mark.threat("T557")
def test_a_kill_after_a_wrong_try_gives_it_not_back(gate: LinkShelf) -> None:
    link = sealed_in(gate, b"right")
    commit, made_commits = gate.committing.commit, []

    class Killed(BaseException):
        pass

    def killing(*args: object, **more: object) -> object:
        done = commit(*args, **more)  # type: ignore[arg-type]  # reason: passed on
        made_commits.append(done)
        raise Killed

    object.__setattr__(gate, "committing", _Committing(killing))
    for _ in range(3):
        with pytest.raises(Killed):
            gate.open(link, b"right")

    [found] = gate.rows.get(LINK.name, [(link,)])
    assert found is not None
    assert (found.row[-2], found.row[-1]) == (0, 3)  # nothing opened, three tries gone


class _Committing:
    """Commits as it is told."""

    def __init__(self, commit: Callable[..., object]) -> None:
        self.commit = commit


@pytest.mark.threat("T557")
def test_tries_at_one_link_come_slowly_whoever_makes_them(relay: Running) -> None:
    link = made(relay, b"text", passphrase=PHRASE)
    path = f"/v1/s/{link.link.id.hex()}/open"
    said = [
        relay.caller().call(Call(method="POST", path=path, body=bytes([n]) * 32)).status
        for n in range(14)
    ]

    assert said.count(403) < 14
    assert 429 in said


@pytest.mark.threat("T557")
def test_what_lies_at_the_host_tries_no_passphrase_without_the_link(
    lied: tuple[Running, LyingShelf],
) -> None:
    relay, shelf = lied
    link = made(relay, b"text", passphrase=PHRASE)
    assert read(relay, link, PHRASE) == b"text"
    [found] = shelf.shelf.rows.get(LINK.name, [(link.link.id,)])
    assert found is not None
    known = {found.row[2], *shelf.proofs}

    for key in (bytes(32), bytes(link.link.id) * 2, found.row[2]):
        guess = link_keys(Secret(key, "guess"), link.link.id, PHRASE).proof.reveal()
        assert not {guess, sha256(guess)} & known


# --- T558: a host that looks, and openings that nobody counted ---


@pytest.mark.threat("T558")
def test_a_host_learns_neither_name_nor_content_nor_key() -> None:
    recorder, place = Recorder(), Place()
    with running(place, watch=recorder) as relay:
        heard: list[bytes] = []
        watch = relay.server.watch
        assert watch is not None

        def both(head: object, body: bytes) -> None:
            heard.append(repr(head).encode() + body)

        relay.server.watch = both
        link = made(relay, LONG, name="the-name-of-it.txt", sender="somebody", passphrase=PHRASE)
        assert read(relay, link, PHRASE) == LONG
        caller = relay.caller()
        assert caller.call(Call(method="GET", path=f"/s/{link.link.id.hex()}")).status == 200
        link.owner.told()
        kept = [place.objects.get(name) for name in place.objects.names("")]
        rows = [
            repr(found.row).encode()
            for table in (LINK, OPENING)
            for found in place.rows.scan(table.name, "key", (), (), limit=100).rows
        ]

    key = link.link.key.reveal()
    secrets = (MARK, b"the-name-of-it", b"somebody", PHRASE.encode(), key, key.hex().encode())
    assert len(kept) == 3
    for secret in (*secrets, link.text.partition("#")[2].encode()):
        assert not any(secret in each for each in (*heard, *kept, *rows))


@pytest.mark.threat("T558")
def test_no_piece_leaves_without_an_opening_that_was_counted(relay: Running) -> None:
    link, other = made(relay, LONG), made(relay, LONG)
    caller, id_ = relay.caller(), link.link.id
    keys = link_keys(other.link.key, other.link.id)
    theirs = open_link(caller, other.link.id, keys.proof.reveal())

    for ticket in ("", "00" * 16, theirs.ticket, relay.place.account_token()):
        with pytest.raises(SealholdError):
            Opened(caller, id_, ticket, 3).piece(1)
    assert theirs.piece(1)
    assert link.owner.told().opened == 0
    assert other.owner.told().times == (NOW,)


@pytest.mark.threat("T558")
def test_a_ticket_ends_with_its_hour_and_with_its_link(relay: Running) -> None:
    first, second = made(relay, LONG), made(relay, LONG)
    tickets = []
    for link in (first, second):
        keys = link_keys(link.link.key, link.link.id)
        tickets.append(open_link(relay.caller(), link.link.id, keys.proof.reveal()))
    second.owner.end()
    with pytest.raises(LinkEndedError):
        tickets[1].piece(1)
    relay.place.now = Instant(NOW + TICKET)
    try:
        with pytest.raises(LinkRefusedError):
            tickets[0].piece(1)
    finally:
        relay.place.now = NOW


@pytest.mark.threat("T558")
def test_more_openings_than_were_allowed_are_none(relay: Running) -> None:
    link = made(relay, b"text", most=2)
    assert [read(relay, link) for _ in range(2)] == [b"text"] * 2
    with pytest.raises(LinkEndedError, match="as often"):
        read(relay, link)
    assert link.owner.told().opened == 2


@pytest.mark.threat("T558")
def test_ids_that_are_guessed_and_links_that_are_not_ready_look_alike(relay: Running) -> None:
    closed = made(relay, b"text")
    closed.owner.end()
    caller = relay.caller()
    paths = [f"/v1/s/{'ab' * 16}/open", f"/v1/s/{closed.link.id.hex()}/open"]
    said = [caller.call(Call(method="POST", path=path, body=bytes(32))) for path in paths]
    pages = [caller.call(Call(method="GET", path=path[3:-5])) for path in paths]

    assert [(one.status, one.body) for one in said] == [(403, b"")] * 2
    assert [(one.status, one.body) for one in pages] == [(200, PAGE)] * 2


# --- what is over ---


@pytest.mark.threat("T558")
def test_what_is_over_is_deleted_whenever_its_deletion_was_cut_off(gate: LinkShelf) -> None:
    link = sealed_in(gate, b"right", until=NOW + HOUR)
    place_now = gate.clock
    object.__setattr__(gate, "clock", lambda: Instant(NOW + 2 * HOUR))
    delete, left = gate.objects.delete, [1]

    def failing(name: object) -> None:
        if not left[0]:
            raise CarrierAwayError("the disk is away")
        left[0] -= 1
        delete(name)  # type: ignore[arg-type]  # reason: passed on

    gate.objects.delete = failing  # type: ignore[method-assign]
    with pytest.raises(CarrierAwayError):
        gate.sweep()
    gate.objects.delete = delete  # type: ignore[method-assign]
    gate.sweep()

    assert list(gate.objects.names(f"s/{link.hex()}/")) == []
    [account] = gate.rows.get("account", [(b"account of tests",)])
    assert account is not None
    assert account.row[1] == 0
    assert place_now() == NOW
