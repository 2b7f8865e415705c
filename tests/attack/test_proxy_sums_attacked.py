"""An agent that lies, forgets and is broken into; a provider that marks rows falsely."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.crypto.bfv import BfvKey
from sealhold.model.errors import (
    AgentAwayError,
    InvalidError,
    NotFoundError,
    SealholdError,
    TamperedError,
)
from sealhold.net.agent import AgentClient
from sealhold.net.relay.calling import Call, Caller, address_of
from sealhold.protect.agent import BLOCKS, MASK_BYTES, Agent
from sealhold.protect.sumspec import NoSumError
from sealhold.protect.sumstate import ROWS
from tests.proxying.summing import agent as served
from tests.summing import FIRST, SECOND, TOKEN, Place, placed, value

SOME = FIRST[5:9]
SUM = sum(map(value, SOME))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = placed(tmp_path)
    yield made
    made.state.close()


def asked(place: Place, block: int) -> list[tuple[str, object]]:
    """Ask for three sums, and return what each came to."""
    said: list[tuple[str, object]] = []
    for rows in (SOME, None, FIRST[100:200]):
        try:
            said.append(("sum", place.sums.totals(place.column, [[(block, rows)]])[0]))
        except SealholdError as err:
            said.append((type(err).__name__, None))
    return said


@pytest.mark.threat("T723")
def test_a_liar_is_asked_as_an_honest_one_and_gets_one_wrong_sum_opened(tmp_path: Path) -> None:
    honest, lying = placed(tmp_path / "a"), placed(tmp_path / "b")
    block = honest.put(honest.begun(), FIRST)
    assert lying.put(lying.begun(), FIRST) == block
    lying.near.spoil = True

    truth, came = asked(honest, block), asked(lying, block)

    assert truth[0] == ("sum", SUM)
    assert [kind for kind, _ in came] == ["TamperedError", "NoSumError", "NoSumError"]
    assert lying.near.seen == honest.near.seen
    lying.near.spoil = False
    assert asked(lying, block)[0] == ("NoSumError", None)
    for each in (honest, lying):
        each.state.close()


@pytest.mark.threat("T723")
def test_an_ended_key_stays_so_and_the_second_one_is_the_last(tmp_path: Path) -> None:
    place = placed(tmp_path)
    block = place.put(place.begun(), FIRST)
    place.near.spoil = True
    with pytest.raises(TamperedError):
        place.sums.totals(place.column, [[(block, SOME)]])
    place.state.close()

    place = placed(tmp_path)
    with pytest.raises(NoSumError):
        place.sums.totals(place.column, [[(block, SOME)]])
    assert place.sums.live([place.column]) == [1]
    second = place.begun()
    other = place.put(second, FIRST)
    assert other > block
    place.near.spoil = True
    with pytest.raises(TamperedError):
        place.sums.totals(place.column, [[(other, SOME)]])

    assert place.sums.live([place.column]) is None
    place.sums.forget(place.summed, second)
    assert place.sums.is_quarantined(place.summed)
    place.state.close()


@pytest.mark.threat("T723")
def test_flipped_bits_and_withheld_blocks_are_no_sum(place: Place, tmp_path: Path) -> None:
    block = place.put(place.begun(), FIRST)
    [file] = (tmp_path / "agent").glob(f"*/{block}")
    whole = file.read_bytes()
    refused = (TamperedError, InvalidError, AgentAwayError, NotFoundError)

    file.write_bytes(whole[:5_000] + bytes([whole[5_000] ^ 1]) + whole[5_001:])
    with pytest.raises(refused):
        place.sums.totals(place.column, [[(block, SOME)]])

    file.unlink()
    with pytest.raises(refused):
        place.sums.totals(place.column, [[(block, SOME)]])


@pytest.mark.threat("T723")
@pytest.mark.threat("T726")
def test_an_older_block_in_the_place_of_another_is_no_sum(place: Place, tmp_path: Path) -> None:
    key = place.begun()
    first, second = place.put(key, FIRST), place.put(key, SECOND)
    [folder] = [each.parent for each in (tmp_path / "agent").glob(f"*/{first}")]
    (folder / str(second)).write_bytes((folder / str(first)).read_bytes())

    with pytest.raises(TamperedError):
        place.sums.totals(place.column, [[(first, None), (second, None)]])


@pytest.mark.threat("T724")
@pytest.mark.parametrize("where", ["key", "1", "notes.txt", "../secret.key"])
def test_an_agent_does_not_begin_where_a_secret_lies(
    place: Place, tmp_path: Path, where: str
) -> None:
    place.put(place.begun(), FIRST)
    [folder] = [each.parent for each in (tmp_path / "agent").glob("*/key")]
    (folder / where).write_bytes(BfvKey.new().secret().reveal())

    with pytest.raises(InvalidError):
        Agent(tmp_path / "agent", TOKEN)


@pytest.mark.threat("T724")
def test_an_agent_is_given_no_secret_key(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="secret"):
        Agent(tmp_path, TOKEN).put_key("0" * 32, BfvKey.new().secret().reveal())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.threat("T725")
def test_a_block_that_was_not_finished_is_taken_away(place: Place, tmp_path: Path) -> None:
    block = place.put(place.begun(), FIRST)
    [folder] = [each.parent for each in (tmp_path / "agent").glob(f"*/{block}")]
    (folder / "2.part").write_bytes(b"half")
    (tmp_path / "agent" / ("f" * 32)).mkdir()

    Agent(tmp_path / "agent", TOKEN)

    assert not (folder / "2.part").exists()
    assert not (tmp_path / "agent" / ("f" * 32)).exists()
    assert place.sums.totals(place.column, [[(block, SOME)]]) == [SUM]


@pytest.mark.threat("T726")
def test_an_agent_that_was_put_back_is_not_asked(place: Place, tmp_path: Path) -> None:
    key = place.begun()
    with served(tmp_path / "served") as running:
        client = AgentClient(address_of(running.url), TOKEN)
        client.put_key(key.name, BfvKey.load(place.sums.book.secret(key)).public())
        version = tmp_path / "served" / key.name.hex() / "version"
        client.put(key.name, 1, [b"a block"])
        assert client.blocks(key.name) == {1}

        version.write_text("1")

        with pytest.raises(AgentAwayError, match="older"):
            client.blocks(key.name)
        client.close()


@pytest.mark.threat("T727")
def test_what_one_request_asks_for_has_an_end(place: Place) -> None:
    key = place.begun()
    block = place.put(key, FIRST)
    agent, name = place.near.agent, key.name.hex()

    for blocks in ([], [(block, None)] * 1_009, [(block, bytes(MASK_BYTES))], [(block, b"\1")]):
        with pytest.raises(InvalidError):
            agent.add(name, blocks)
    for planes in ([], [b""] * 17, [bytes(300_000)]):
        with pytest.raises(InvalidError):
            agent.put(name, 9, planes)
    for number in (0, -1, 10**10):
        with pytest.raises(InvalidError):
            agent.put(name, number, [b"x"])
    with pytest.raises(InvalidError):
        agent.put_key("../../escape", b"")
    with pytest.raises(NotFoundError):
        agent.add(name, [(block + 1, None)])
    assert BLOCKS * ROWS == 2**30


@pytest.mark.threat("T728")
@pytest.mark.parametrize("token", ["", "another-token-of-some-length", TOKEN[:-1]])
def test_who_has_no_token_is_told_nothing(tmp_path: Path, token: str) -> None:
    with served(tmp_path) as running:
        caller = Caller(address_of(running.url))
        for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/sum")):
            body = b"x" if method in {"PUT", "POST"} else None
            call = Call(method=method, path=f"/sums/{'0' * 32}{path}", token=token, body=body)
            assert caller.call(call).status == 403
        caller.close()

    with pytest.raises(InvalidError, match="characters"):
        Agent(tmp_path, "short")


@pytest.mark.threat("T729")
def test_a_false_mark_leads_to_no_sum(place: Place) -> None:
    key = place.begun()
    block = place.put(key, FIRST)

    for part in (
        [(block, [FIRST[0] + 1])],
        [(block + 1, [FIRST[0]])],
        [(block, [FIRST[0], FIRST[0]])],
        [(block, (*FIRST[1:], FIRST[0] + 1))],
        [(block + 7, None)],
    ):
        with pytest.raises(NoSumError):
            place.sums.totals(place.column, [part])
    assert not [each for each in place.near.seen if each[0] == "add"]
    assert place.sums.totals(place.column, [[(block, FIRST)]]) == [sum(map(value, FIRST))]


@pytest.mark.threat("T730")
def test_no_block_takes_the_number_of_one_that_was_forgotten(place: Place) -> None:
    first = place.begun(after=900)
    blocks = [place.put(first, FIRST), place.put(first, SECOND)]
    place.sums.drop(place.summed, first, blocks[1])

    second = place.begun()

    assert blocks == [901, 902]
    assert second.first == 903
    assert place.put(second, SECOND) == 903
