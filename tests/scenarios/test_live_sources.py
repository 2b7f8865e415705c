"""Places on a server: added, read on, away, refused, changed, and back, each told in words."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    LoginNeededError,
    SourceAwayError,
    SourceChangedError,
)
from sealhold.model.ids import Collection
from sealhold.model.quantities import MINUTE
from sealhold.node import Node
from tests.scenarios import davserver, mailserver
from tests.scenarios.davserver import DavServer, dav_server
from tests.scenarios.jsonserver import JsonServer, Rows, json_server, reply
from tests.scenarios.mailserver import MailServer, mail_server
from tests.scenarios.vaults import Hands, new_home, opened

SUBJECTS = "SELECT subject FROM messages ORDER BY ALL"
PLANS = "SELECT summary FROM events ORDER BY ALL"
READINGS = "SELECT id_, kwh FROM readings ORDER BY ALL"


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def dav() -> Iterator[DavServer]:
    with dav_server() as server:
        yield server


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def node(tmp_path: Path, clock: Hands) -> Iterator[Node]:
    with opened(new_home(tmp_path / "home", clock), clock) as found:
        yield found


def first(node: Node, sql: str) -> list[object]:
    """Return the first column of what a query gives."""
    return [row[0] for row in node.records.query(sql).rows]


def test_mail_is_read_on_from_where_the_last_pull_ended(
    node: Node, mail: MailServer, clock: Hands
) -> None:
    for number in range(3):
        mail.put(f"mail {number}", body="From here\r\n>From there")
    mail.put("of work", folder="Work")
    mail.put("spam", folder="Junk")
    settings = {"place": mail.place, "trust": str(mail.roots), "folders": "INBOX, Work"}
    source = node.standing.add("mail", "imap", settings, mailserver.PASSWORD)
    taken = node.standing.pull(source)
    assert (taken.new, taken.rejected) == (4, 0)
    assert first(node, SUBJECTS) == ["mail 0", "mail 1", "mail 2", "of work"]
    body = "SELECT body FROM messages WHERE subject = 'mail 1'"
    assert str(first(node, body)[0]).split() == ["From", "here", ">From", "there"]

    mail.put("and one more")
    taken = node.standing.pull(node.standing.find("mail"))
    assert (taken.new, taken.same, taken.pieces) == (1, 0, 1)
    assert node.standing.pull(node.standing.find("mail")).pieces == 0

    mail.stop()
    with pytest.raises(SourceAwayError, match="the server cannot be reached"):
        node.standing.pull(node.standing.find("mail"))
    away = node.standing.find("mail")
    assert (away.state, away.why) == ("failed", "the server cannot be reached")
    assert node.standing.due() == []
    clock.move(MINUTE)
    assert [each.name for each in node.standing.due()] == ["mail"]
    mail.start()
    node.standing.pull(away)
    assert node.standing.find("mail").state == ""

    mail.password("another")
    with pytest.raises(LoginNeededError):
        node.standing.pull(node.standing.find("mail"))
    assert node.standing.find("mail").state == "needs_login"
    assert node.standing.due() == []
    with pytest.raises(LoginNeededError):
        node.standing.login(node.standing.find("mail"), "wrong, too")
    mail.put("while it was shut")
    node.standing.login(node.standing.find("mail"), "another")
    assert node.standing.pull(node.standing.find("mail")).new == 1
    mail.password(mailserver.PASSWORD)


def test_mail_is_looked_at_and_never_touched(node: Node, mail: MailServer) -> None:
    mail.put("unread", folder="Quiet")
    settings = {"place": mail.place, "trust": str(mail.roots), "folders": "Quiet"}
    source = node.standing.add("mail", "imap", settings, mailserver.PASSWORD)
    before = sorted(each.name for each in (mail.folder / "mail" / ".Quiet").glob("*/*"))
    assert node.standing.pull(source).new == 1
    after = sorted(path.name for path in (mail.folder / "mail" / ".Quiet").rglob("*.here*"))
    assert [each.partition(":2,")[0] for each in after] == before
    assert all("S" not in each.partition(":2,")[2] for each in after)


def test_mail_that_is_left_there_answers_as_mail_that_is_kept(node: Node, mail: MailServer) -> None:
    mail.put("there", folder="Both")
    settings = {"place": mail.place, "trust": str(mail.roots), "folders": "Both"}
    source = node.standing.add("mail", "imap", settings, mailserver.PASSWORD, mode="federate")
    everything = "SELECT * FROM messages"
    there = node.records.query(everything).rows
    assert len(there) == 1
    node.standing.set_mode(source, "archive")
    assert node.records.query(everything).rows == there


def test_a_folder_that_is_not_there_is_named(node: Node, mail: MailServer) -> None:
    settings = {"place": mail.place, "trust": str(mail.roots), "folders": "Nowhere"}
    with pytest.raises(InvalidError, match="`Nowhere`"):
        node.standing.add("mail", "imap", settings, mailserver.PASSWORD)


def test_mail_goes_by_starttls_too(node: Node, mail: MailServer) -> None:
    place = f"imap://alice@localhost:{mail.port}"
    settings = {"place": place, "trust": str(mail.roots)}
    assert node.standing.check("imap", settings, mailserver.PASSWORD).sentence.endswith("messages")


def test_a_calendar_is_read_on_and_what_was_removed_there_is_gone(
    node: Node, dav: DavServer
) -> None:
    for number in range(3):
        dav.event(f"/alice/plans/{number}.ics", f"u{number}", f"plan {number}")
    place = dav.place + "alice/plans/"
    source = node.standing.add("plans", "caldav", {"place": place}, davserver.PASSWORD)
    assert node.standing.pull(source).new == 3

    dav.event("/alice/plans/0.ics", "u0", "plan 0 moved")
    dav.event("/alice/plans/3.ics", "u3", "plan 3")
    dav.ask("DELETE", "/alice/plans/2.ics")
    taken = node.standing.pull(node.standing.find("plans"))
    assert (taken.new, taken.changed, taken.same, taken.gone) == (1, 1, 0, 1)
    assert first(node, PLANS) == ["plan 0 moved", "plan 1", "plan 3"]
    assert node.standing.pull(node.standing.find("plans")).pieces == 1  # it says what is gone

    dav.stop()
    with pytest.raises(SourceAwayError):
        node.standing.pull(node.standing.find("plans"))
    dav.start()
    dav.password("another")
    with pytest.raises(LoginNeededError):
        node.standing.pull(node.standing.find("plans"))
    node.standing.login(node.standing.find("plans"), "another")
    dav.event("/alice/plans/4.ics", "u4", "plan 4")
    assert node.standing.pull(node.standing.find("plans")).new == 1
    dav.password(davserver.PASSWORD)


def test_an_event_that_moves_to_another_file_is_not_gone(node: Node, dav: DavServer) -> None:
    dav.make("alice/moves", "VCALENDAR")
    dav.event("/alice/moves/a.ics", "m1", "moves")
    place = dav.place + "alice/moves/"
    source = node.standing.add("moves", "caldav", {"place": place}, davserver.PASSWORD)
    node.standing.pull(source)
    dav.ask("DELETE", "/alice/moves/a.ics")
    dav.event("/alice/moves/b.ics", "m1", "moves")
    taken = node.standing.pull(node.standing.find("moves"))
    assert (taken.new, taken.same, taken.gone) == (0, 1, 0)


def test_a_calendar_whose_token_the_server_forgot_is_compared_by_etag(
    node: Node, dav: DavServer
) -> None:
    dav.make("alice/old", "VCALENDAR")
    for number in range(3):
        dav.event(f"/alice/old/{number}.ics", f"o{number}", f"old {number}")
    place = dav.place + "alice/old/"
    source = node.standing.add("old", "caldav", {"place": place}, davserver.PASSWORD)
    node.standing.pull(source)
    source = node.standing.find("old")
    source = node.standing.change(source, "test", cursor=source.cursor.replace("/ns/sync/", "/x/"))
    dav.event("/alice/old/0.ics", "o0", "old 0 is new")
    dav.ask("DELETE", "/alice/old/1.ics")
    taken = node.standing.pull(source)
    assert (taken.new, taken.changed, taken.same, taken.gone) == (0, 1, 0, 1)


def test_the_calendars_of_an_account_are_found(node: Node, dav: DavServer) -> None:
    found = node.standing.check("caldav", {"place": dav.place}, davserver.PASSWORD)
    assert "Mine" in found.sentence
    with pytest.raises(SourceAwayError, match="nothing at this address"):
        node.standing.check("caldav", {"place": dav.place + "alice/none/"}, davserver.PASSWORD)


def test_an_address_book_is_read(node: Node, dav: DavServer) -> None:
    dav.card("/alice/people/bob.vcf", "c1", "Bob")
    source = node.standing.add("people", "carddav", {"place": dav.place}, davserver.PASSWORD)
    assert node.standing.pull(source).new == 1
    dav.ask("DELETE", "/alice/people/bob.vcf")
    assert node.standing.pull(node.standing.find("people")).gone == 1
    assert node.records.counts().get(Collection("contacts"), 0) == 0


def readings(count: int) -> Rows:
    return [
        {"id": number, "kwh": number + 0.5, "at": f"2026-11-{number + 1:02d}T00:00:00Z"}
        for number in range(count)
    ]


@pytest.fixture
def web() -> Iterator[JsonServer]:
    with json_server(readings(5)) as server:
        yield server


@pytest.mark.parametrize(
    ("paging", "more"),
    [
        ("link", {}),
        ("cursor", {"paging": "cursor:next:from", "rows": "data.items"}),
        ("page", {"paging": "page:page"}),
    ],
)
def test_rows_of_a_server_are_read_page_by_page(
    node: Node, web: JsonServer, paging: str, more: dict[str, str]
) -> None:
    web.paging, web.token = paging, "let me in"
    source = node.standing.add("meter", "http", {"place": web.place, **more}, web.token)
    assert source.settings["dataset"]["key"] == ["id"]
    assert node.standing.pull(source).new == 5
    rows = node.records.query(READINGS).rows
    assert [tuple(row) for row in rows] == [(n, n + 0.5) for n in range(5)]


def test_an_access_token_opens_a_box_until_its_time_is_over(node: Node, mail: MailServer) -> None:
    mail.put("by token", folder="Tokens")
    settings = {"place": mail.place, "trust": str(mail.roots), "folders": "Tokens"}
    with pytest.raises(InvalidError, match="`auth` is"):
        node.standing.add("tokens", "imap", {**settings, "auth": "oauth"}, mail.token())
    source = node.standing.add("tokens", "imap", {**settings, "auth": "token"}, mail.token())
    assert node.standing.pull(source).new == 1

    with pytest.raises(LoginNeededError):
        node.standing.login(node.standing.find("tokens"), mail.token(until=1_700_000_001))
    mail.put("by the next token", folder="Tokens")
    node.standing.login(node.standing.find("tokens"), mail.token())
    assert node.standing.pull(node.standing.find("tokens")).new == 1


def test_rows_that_changed_and_went_are_found(node: Node, web: JsonServer, clock: Hands) -> None:
    web.page, web.tag = 100, '"one"'
    source = node.standing.add("meter", "http", {"place": web.place})
    node.standing.pull(source)
    taken = node.standing.pull(node.standing.find("meter"))
    assert (taken.pieces, taken.gone) == (0, 0)

    web.tag, web.rows = '"two"', [{**web.rows[0], "kwh": 9.5}, *web.rows[2:], *readings(7)[5:]]
    taken = node.standing.pull(node.standing.find("meter"))
    assert (taken.new, taken.changed, taken.same, taken.gone) == (2, 1, 3, 1)

    web.stop()
    for minutes in (1, 5, 30, 360, 360):
        with pytest.raises(SourceAwayError):
            node.standing.pull(node.standing.find("meter"))
        assert node.standing.find("meter").due == clock() + minutes * MINUTE
    web.start()
    web.token = "new"
    with pytest.raises(LoginNeededError):
        node.standing.pull(node.standing.find("meter"))
    node.standing.login(node.standing.find("meter"), "new")
    node.standing.pull(node.standing.find("meter"))
    assert node.standing.find("meter").state == ""


def busy(until: str) -> Callable[[BaseHTTPRequestHandler], bool]:
    """Return what a server answers that wants to be left alone."""

    def answer(handler: BaseHTTPRequestHandler) -> bool:
        reply(handler, 429, b"{}", **{"Retry-After": until})
        return True

    return answer


def test_a_server_that_is_busy_is_asked_again_when_it_says(
    node: Node, web: JsonServer, clock: Hands
) -> None:
    source = node.standing.add("meter", "http", {"place": web.place})
    for said, minutes in (("7200", 120), ("1", 5)):
        web.answer = busy(said)
        with pytest.raises(SourceAwayError, match="come back later"):
            node.standing.pull(node.standing.find("meter"))
        assert node.standing.find("meter").due == clock() + minutes * MINUTE

    web.answer = None
    assert node.standing.pull(source).new == 5  # whoever asks by hand does not wait


def test_rows_of_another_shape_are_told_and_not_taken_in(node: Node, web: JsonServer) -> None:
    source = node.standing.add("meter", "http", {"place": web.place})
    node.standing.pull(source)
    before = node.records.query(READINGS).rows
    web.rows = [{"id": n, "watts": 500, "at": "2026-11-22T00:00:00Z"} for n in range(3)]
    with pytest.raises(SourceChangedError, match="`kwh`"):
        node.standing.pull(node.standing.find("meter"))
    broken = node.standing.find("meter")
    assert broken.state == "broken"
    assert "every row lacks what all had: `kwh`" in broken.why
    assert node.standing.due() == []
    assert node.records.query(READINGS).rows == before

    node.standing.accept(broken)
    taken = node.standing.pull(node.standing.find("meter"))
    assert (taken.changed, taken.gone) == (3, 2)
    assert first(node, "SELECT watts FROM readings") == [500, 500, 500]


def test_rows_of_another_type_are_told(node: Node, web: JsonServer) -> None:
    source = node.standing.add("meter", "http", {"place": web.place})
    web.rows = [{**each, "kwh": "a lot"} for each in web.rows]
    with pytest.raises(SourceChangedError, match="another type in: `kwh`"):
        node.standing.pull(source)
    web.answer = sorry
    with pytest.raises(SourceChangedError, match="no list of rows"):
        node.standing.pull(node.standing.find("meter"))
    web.answer, web.rows = None, readings(2)
    assert node.standing.pull(node.standing.find("meter")).new == 2


def sorry(handler: BaseHTTPRequestHandler) -> bool:
    reply(handler, 200, b'{"sorry": true}')
    return True


def test_what_the_owner_says_of_rows_goes_before_what_is_guessed(
    node: Node, web: JsonServer
) -> None:
    said = {"dataset": "power", "columns": "id:text,kwh:decimal,at:instant", "key": "at"}
    source = node.standing.add("meter", "http", {"place": web.place, **said, "sensitivity": "1"})
    told = source.settings["dataset"]
    assert (told["name"], told["key"], told["sensitivity"]) == ("power", ["at"], 1)
    with pytest.raises(ConflictError):
        node.standing.add("more", "http", {"place": web.place, "dataset": "events"})
    for wrong in ({"paging": "guess"}, {"key": "nothing"}, {"columns": "id"}, {"dataset": "A-Z"}):
        with pytest.raises(InvalidError):
            node.standing.add("more", "http", {"place": web.place, **wrong})
