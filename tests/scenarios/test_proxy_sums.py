"""Sums at an agent are those of the database alone, whatever is written and folded between."""

from collections.abc import Iterator
from random import Random
from typing import Final

import psycopg
import pytest

from sealhold.model.errors import AgentAwayError, DatabaseAwayError, SealholdError
from sealhold.protect.agent import Agent
from sealhold.protect.sumstate import ROWS
from tests.proxying.cases import Case
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.oracle import Oracle, ask_all
from tests.proxying.summing import Serving, agent, serving, summed_policy, wait_until
from tests.proxying.tables import Table
from tests.proxying.talking import Step, Talk, Way
from tests.proxying.worlds import CITIES, KEY, WARDS, clear, decimal, hidden, maybe, one, whole

STAY: Final = Table(
    name="stay", dataset="health", rows=ROWS + 400, columns=(
        KEY,
        hidden("cost", "integer", "he-sum", maybe(whole(-5_000, 2**31 - 1), 0.02)),
        hidden("paid", "numeric(10,2)", "he-sum", maybe(decimal(-900, 900, 2), 0.01)),
        hidden("ward", "text", "deterministic", maybe(one(WARDS))),
        hidden("age", "integer", "order match", whole(0, 99)),
        clear("city", "text", maybe(one(CITIES))),
    ),
)  # fmt: skip
CHANGES: Final = (
    "UPDATE stay SET cost = 7 WHERE id BETWEEN 100 AND 140",
    "DELETE FROM stay WHERE id % 40 = 3",
    "UPDATE stay SET paid = NULL, city = 'Nowhere' WHERE age = 30",
    "UPDATE stay SET cost = cost - 1 WHERE id < 60",
    "INSERT INTO stay (id, cost, paid) VALUES (90001, -1, 0.01), (90002, NULL, 'NaN')",
    "UPDATE stay SET paid = 2.50 WHERE id = 90002",
)


class Liar(Agent):
    """An agent that a test can have lie."""

    lies = False
    is_away = False

    def add(self, name: str, blocks: object) -> tuple[int, list[bytes]]:
        if self.is_away:
            raise AgentAwayError("it is away")
        version, answer = super().add(name, blocks)  # type: ignore[arg-type]  # reason: handed on
        return (version, [*answer[1:], answer[0]]) if self.lies else (version, answer)


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def world(
    rented: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Serving, Liar]]:
    folder = tmp_path_factory.mktemp("sums")
    with (
        agent(folder / "agent", Liar) as running,
        serving(folder / "vault", summed_policy(rented, (STAY,), running.url)) as served,
    ):
        assert isinstance(running.agent, Liar)
        with Talk(served.address) as link, Talk(rented.address("plain")) as plain:
            for sql in (STAY.create, *STAY.inserts(1, 500)):
                for each in (link, plain):
                    (answer,) = each.say(sql)
                    assert answer.kind == "done", answer
        assert served.fold() == 2  # a block of each column
        yield served, running.agent


def generated(count: int, seed: int) -> Iterator[Case]:
    """Yield statements with sums, of which an agent can do most."""
    random = Random(seed)
    sums = ("sum(cost)", "avg(cost)", "sum(paid)", "avg(paid)", "sum(cost) + 1", "-sum(paid)",
            "count(cost)", "count(*)", "round(avg(paid), 3)")  # fmt: skip
    wheres = ("", "", "WHERE id > «2000»", "WHERE age BETWEEN 20 AND «60»", "WHERE ward = «A1»",
              "WHERE city IS NULL", "WHERE id < 0", "WHERE cost > 5",
              "WHERE ward <> 'icu' AND id % 3 = 0")  # fmt: skip
    keys = ("ward", "city", "age", "id % 7")
    for _ in range(count):
        chosen = random.sample(sums, random.randint(1, 3))
        where = random.choice(wheres)
        key = random.choice(keys) if random.random() < 0.4 else ""
        if not key:
            sql = f"SELECT {', '.join(chosen)} FROM stay {where}"
        else:
            more = random.choice(("", "HAVING count(*) > 40", "HAVING sum(paid) > «0»"))
            order = f"ORDER BY {chosen[0]}, {key}" if key in {"age", "city"} else ""
            limit = " LIMIT 3" if order and random.random() < 0.5 else ""
            sql = f"SELECT {key}, {', '.join(chosen)} FROM stay {where} GROUP BY {key} {more}"
            sql = f"{sql} {order}{limit}"
        yield Case("sums", (Step(sql),))


def test_sums_are_those_of_the_database_alone(rented: Cluster, world: tuple[Serving, Liar]) -> None:
    served, _ = world
    with Oracle(served.address, rented.address("plain")) as oracle:
        for turn in range(4):
            for nth, case in enumerate(generated(18, turn)):
                for _verdict in ask_all(oracle, [case], [[*Way][nth % 3]]):
                    pass
            if turn == 2:
                served.fold()
            if turn == 1:
                for sql in CHANGES:
                    steps = (Step("BEGIN"), Step(sql), Step("COMMIT"))
                    oracle.ask(Case("changes", steps, is_own=True), Way.SIMPLE)
        rolled = (Step("UPDATE stay SET cost = 1"), Step("SELECT sum(cost), count(cost) FROM stay"))
        oracle.ask(Case("rolled back", rolled), Way.SIMPLE)
        assert not oracle.report.wrong, str(oracle.report)
        assert oracle.report.answered > 0.95, str(oracle.report)
        assert not oracle.contents([STAY])
        marks = "SELECT max(cost_s) > 0, max(paid_s) > 0 FROM stay"
        assert rented.run(marks, "rented") == [("t", "t")]


def test_a_snapshot_keeps_its_sums_over_a_fold(world: tuple[Serving, Liar]) -> None:
    served, _ = world
    asked = "SELECT sum(cost), sum(paid), count(*) FROM stay WHERE id < 80000"
    with Talk(served.address) as link:
        link.say("BEGIN ISOLATION LEVEL REPEATABLE READ")
        before = link.rows(asked)
        served.rows("UPDATE stay SET cost = cost WHERE id < 3000")
        served.fold()
        assert link.rows(asked) == before
        link.say("COMMIT")
    assert served.rows(asked) == before


def test_rows_are_handed_out_in_portions(world: tuple[Serving, Liar]) -> None:
    served, _ = world
    asked = "SELECT city, sum(cost) FROM stay GROUP BY city ORDER BY 2"
    with psycopg.connect(served.address.conninfo) as link:
        whole = link.execute(asked).fetchall()
        with link.cursor("some") as cursor:
            cursor.execute(asked)
            parts = cursor.fetchmany(2) + cursor.fetchall()
        streamed = list(link.cursor().stream(asked, size=1))
    assert parts == whole == streamed
    assert len(whole) > 4


def test_an_agent_that_is_away_costs_no_answer(world: tuple[Serving, Liar]) -> None:
    served, liar = world
    asked = "SELECT sum(cost), avg(paid) FROM stay"
    whole = served.rows(asked)
    liar.is_away = True
    try:
        assert served.rows(asked) == whole
    finally:
        liar.is_away = False


def test_a_wrong_sum_is_refused_and_a_new_key_follows(world: tuple[Serving, Liar]) -> None:
    served, liar = world
    asked = "SELECT sum(cost) FROM stay"
    whole = served.rows(asked)
    liar.lies = True
    with Talk(served.address) as link:
        (answer,) = link.say(asked)
        assert answer.sqlstate == "SH003"
        assert link.rows(asked) == whole  # on opened rows, and the agent is asked all the same
    liar.lies = False
    assert served.rows(asked) == whole

    assert served.fold() >= 1
    assert served.rows(asked) == whole


class KilledError(SealholdError):
    """What stands for a kill."""


@pytest.mark.threat("T725")
def test_a_fold_that_is_killed_anywhere_leaves_one_of_two_states(
    rented: Cluster, world: tuple[Serving, Liar], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = world
    folder = served.proxy.folder
    assert folder is not None
    asked = "SELECT sum(cost), sum(paid), count(*) FROM stay"
    served.rows("UPDATE stay SET cost = cost, paid = paid")
    whole = served.rows(asked)
    connect = folder.connect

    for steps in range(40):
        with monkeypatch.context() as patch:
            left = [steps]

            def connected(left: list[int] = left, steps: int = steps) -> object:
                provider = connect()
                ask = provider.ask

                def counted(*given: object, **more: object) -> object:
                    left[0] -= 1
                    if left[0] < 0:
                        if steps % 2:
                            ask(*given, **more)  # type: ignore[arg-type]  # reason: handed on
                        provider.close()
                        raise KilledError("killed")
                    return ask(*given, **more)  # type: ignore[arg-type]  # reason: handed on

                provider.ask = counted  # type: ignore[method-assign, assignment]  # reason: a test's own
                return provider

            patch.setattr(folder, "connect", connected)
            try:
                served.fold()
            except (KilledError, DatabaseAwayError):
                assert served.rows(asked) == whole
                continue
        break
    more = "SELECT count(*) >= 4096 FROM stay WHERE cost_s = 0 OR paid_s = 0"
    wait_until(lambda: not served.fold() and rented.run(more, "rented") == [("f",)])
    assert served.rows(asked) == whole
