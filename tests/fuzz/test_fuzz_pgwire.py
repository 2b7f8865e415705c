"""Any messages in any pieces: a session that relays is not told from the provider itself.

With statements that are refused, it is not told from a provider that refuses them by itself.
"""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.model.errors import WireError
from sealhold.protect.sql.errors import error
from sealhold.protect.sql.parsing import (
    parse_bind,
    parse_cells,
    parse_execute,
    parse_fields,
    parse_notice,
    parse_oids,
    parse_parse,
    parse_startup,
    parse_target,
)
from sealhold.protect.sql.wire import (
    AFTER_LOGIN,
    Inbox,
    build_bind,
    build_execute,
    build_parse,
    build_query,
    build_target,
    frame,
)
from tests.unit.pg_provider import Provider
from tests.unit.pg_talk import Conversation, Planned, refusal

REFUSED = error("SH002", "not here")
SYNC = frame(b"S")
words = st.sampled_from(
    ["rows 3", "rows 0", "rows 40", "fail", "begin", "commit", "rollback", "do it", "secret", ""]
)
names = st.sampled_from([b"", b"a", b"b"])
queries = st.lists(words, min_size=1, max_size=3).map(
    lambda each: build_query("; ".join(each).encode())
)
extended = st.one_of(
    st.builds(lambda name, text: build_parse(name, text.encode(), ()), names, words),
    st.builds(lambda to, name: build_bind(to, name, (), (), ()), names, names),
    st.builds(
        lambda kind, name: build_target(b"D", kind, name), st.sampled_from([b"S", b"P"]), names
    ),
    st.builds(build_execute, names, st.sampled_from([0, 0, 1, 3])),
    st.builds(
        lambda kind, name: build_target(b"C", kind, name), st.sampled_from([b"S", b"P"]), names
    ),
    st.sampled_from([SYNC, SYNC, frame(b"H")]),
)
whole = st.tuples(names, words, names).map(
    lambda each: (
        build_parse(b"", each[1].encode(), ())
        + build_bind(each[2], b"", (), (), ())
        + build_target(b"D", b"P", each[2])
        + build_execute(each[2])
        + SYNC
    )
)
messages = st.lists(st.one_of(queries, extended, whole), max_size=12)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(at)]


@given(messages, st.lists(st.integers(0, 2**20), max_size=4), st.integers(0, 40))
def test_a_session_that_relays_is_not_told_from_its_provider(
    sent: list[bytes], places: list[int], piece: int
) -> None:
    through, direct = Conversation(), Provider()

    got = b"".join(through.say(each, answer=piece) for each in cut(b"".join([*sent, SYNC]), places))
    got += through.settle()

    assert got == direct.feed(b"".join([*sent, SYNC]))
    assert not through.talk.line.owed


@example([build_query(b"begin"), build_parse(b"", b"secret", ()), SYNC, build_query(b"rows 3")], [])
@example([build_parse(b"", b"do it", ()), build_query(b"secret")], [])
@given(messages, st.lists(st.integers(0, 2**20), max_size=4))
def test_a_refusal_is_not_told_from_one_of_the_provider_and_nothing_of_it_is_sent(
    sent: list[bytes], places: list[int]
) -> None:
    through = Conversation(Planned({"secret": refusal()}))
    direct = Provider(refused={"secret": REFUSED})

    got = b"".join(through.say(each) for each in cut(b"".join([*sent, SYNC]), places))

    assert got == direct.feed(b"".join([*sent, SYNC]))
    assert not through.talk.line.owed
    assert not any(b"secret" in each for each in through.provider.seen)


@given(st.binary(max_size=60), st.binary(max_size=200))
def test_any_bytes_of_a_client_are_taken_or_end_the_session(head: bytes, data: bytes) -> None:
    through = Conversation()
    through.say(build_parse(b"a", b"rows 3", ()))

    with suppress(WireError):
        through.say(data)
        through.say(head)


@given(st.binary(max_size=200), st.sampled_from([b"Q", b"x"]))
def test_any_bytes_of_a_provider_are_taken_or_end_the_session(data: bytes, way: bytes) -> None:
    through = Conversation()
    if way == b"Q":
        through.serving.client_said(build_query(b"rows 3"))

    with suppress(WireError):
        through.serving.provider_said(data)
        through.serving.provider_said(data)


@pytest.mark.parametrize(
    "parse",
    [
        parse_bind,
        parse_cells,
        parse_execute,
        parse_fields,
        parse_notice,
        parse_oids,
        parse_parse,
        parse_startup,
        parse_target,
    ],
    ids=lambda each: each.__name__,
)
@given(data=st.binary(max_size=80))
def test_a_body_parses_or_is_refused(parse: object, data: bytes) -> None:
    assert callable(parse)

    with suppress(WireError):
        parse(data)


@given(st.lists(st.binary(max_size=30), max_size=6), st.lists(st.integers(0, 999), max_size=9))
def test_frames_come_out_of_an_inbox_as_they_went_in(
    bodies: list[bytes], places: list[int]
) -> None:
    frames = [frame(b"d", each) for each in bodies]
    inbox, found = Inbox(AFTER_LOGIN), []

    for part in cut(b"".join(frames), places):
        data = inbox.taken(part)
        while data:
            stop = 1 + int.from_bytes(data[1:5], "big") if len(data) >= 5 else len(data) + 1
            if stop > len(data):
                inbox.keep(data)
                break
            found.append(data[:stop])
            data = data[stop:]

    assert found == frames
