"""Parts of live sources by themselves: addresses, guesses, folders' names, pages."""

from collections.abc import Mapping
from email.message import Message

import pytest

from sealhold.compute.live import asking, imap, web
from sealhold.compute.live.guessing import guessed
from sealhold.compute.pullers import kinds
from sealhold.compute.pullers.address import Ways, order_of
from sealhold.compute.pullers.http import SCHEMES
from sealhold.connectors.pulling import Where
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant
from sealhold.net.dial import DialError, Server, dial
from sealhold.vault.pushing import lines_of

ROWS: list[Mapping[str, Plain]] = [
    {"id": 1, "on": True, "at": "2026-11-22T10:00:00Z", "kwh": 1, "who": "a", "tags": [1]},
    {"id": 2, "on": False, "at": "2026-11-22", "kwh": 1.5, "who": 7, "tags": {}},
]


def test_columns_have_the_type_that_all_their_values_have() -> None:
    columns, key, time = guessed(ROWS)

    assert {name: kind for name, kind, _ in columns} == {
        "id": "INTEGER",
        "on": "BOOL",
        "at": "INSTANT",
        "kwh": "FLOAT",
        "who": "TEXT",
        "tags": "LIST",
    }
    assert (key, time) == (["id"], "at")


def test_a_name_that_two_rows_share_or_one_lacks_is_no_key() -> None:
    assert guessed([{"id": 1}, {"id": 1}])[1] == []
    assert guessed([{"id": 1}, {"id": None}])[1] == []
    assert guessed([{"id": [1]}, {"id": [2]}])[1] == []
    assert guessed([{"id": 1, "uuid": "a"}, {"id": 1, "uuid": "b"}])[1] == ["uuid"]


def test_a_column_that_a_row_lacks_is_told_apart() -> None:
    columns, _, _ = guessed([{"a": 1, "b": 2}, {"a": 1, "b": None}, {"a": 1}])

    assert columns == [("a", "INTEGER", True), ("b", "INTEGER", False)]


def test_a_folder_is_read_in_the_letters_of_its_owner() -> None:
    assert imap._decoded(b"B&APw-ro &- Co") == "B\u00fcro & Co"
    assert imap._decoded(b"&ZeVnLIqe-") == "\u65e5\u672c\u8a9e"
    assert imap._decoded(b"&broken") == "&broken"
    assert imap._unquoted(b'"a \\"b\\" \\\\c"') == b'a "b" \\c'


def test_the_next_page_is_the_one_that_a_server_calls_so() -> None:
    assert web._link('</a>; rel="prev", </b?x=1>; rel="next"') == "/b?x=1"
    assert web._link("</b>; rel=next; title=x") == "/b"
    assert web._link("</b>; rel=last") == ""
    assert web._with("/a?x=1&page=2", "page", "3") == "/a?x=1&page=3"


@pytest.mark.parametrize("said", ["host", "https://", "http://a b/", "https://h:99999/", 7])
def test_what_is_no_address_is_refused(said: Plain) -> None:
    where = Where(settings={"place": said})
    with pytest.raises(InvalidError):
        order_of("http", where, Ways(schemes=SCHEMES), is_check=True, cursor=None)


def test_an_order_has_the_account_apart_from_the_options() -> None:
    settings = {"place": "https://al%20ice@h.example.org/p?q=1", "rows": "a", "private": "yes"}
    where = Where(settings=settings, secret="word")
    order = order_of("http", where, Ways(schemes=SCHEMES), is_check=True, cursor="c")

    assert (order.user, order.secret, order.path) == ("al ice", "word", "/p?q=1")
    assert (order.server.port, order.server.tls, order.server.private) == (443, "tls", True)
    assert dict(order.settings) == {"rows": "a"}
    assert "word" not in repr(where)


def test_an_address_within_the_home_is_not_dialled_unless_it_is_meant() -> None:
    inside = {"h": ["10.0.0.1"]}
    with pytest.raises(DialError, match="private"):
        dial(Server(host="h", port=1, names=inside))
    with pytest.raises(DialError, match="plain"):
        dial(Server(host="h", port=1, tls="none", private=True, names={"h": ["93.184.216.34"]}))


def test_each_kind_says_what_it_is() -> None:
    for each in kinds(lambda: Instant(0)):
        assert each.about.endswith(".")
        assert all(each.options.values()), each.kind


def test_one_document_becomes_a_row_a_line() -> None:
    assert lines_of(b'[{"a":\n1}, {"b": "x\\ny"}]', "application/json") == (
        b'{"a": 1}\n{"b": "x\\ny"}\n'
    )
    assert lines_of(b'{\r\n"a": 1}', "application/json") == b'{  "a": 1}\n'


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", 120),
        ("999999999999", 86_400),
        ("-5", 0),
        ("soon", 0),
        ("Mon, 23 Nov 2026 10:00:30 GMT", 30),
        ("Mon, 23 Nov 2020 10:00:00 GMT", 0),
        ("Mon, 23 Nov 9998 10:00:00 GMT", 86_400),
        ("Mon, 23 Nov 2026 10:00:30 -0000", 0),
    ],
)
def test_when_a_server_may_be_asked_again_counts_from_its_own_answer(said: str, wait: int) -> None:
    headers = Message()
    headers["Date"], headers["Retry-After"] = "Mon, 23 Nov 2026 10:00:00 GMT", said

    assert asking.wait_of(headers) == wait
