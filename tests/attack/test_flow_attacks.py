"""Attacks through real requests: by apps, by whoever holds a token, and by a race."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from sealhold.compute.leaving import box_info
from sealhold.compute.slots import unpad
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    ErrorKind,
    InvalidError,
    InvalidManifestError,
    LeakExhaustedError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import Id16, RequestId
from sealhold.model.quantities import DAY, MICRO, MINUTE, SECOND, Instant, MicroBits
from sealhold.model.shown import GrantView, Mode, RequestState
from sealhold.node import Node
from sealhold.policy.request import Schedule
from sealhold.stores.spec import Put
from sealhold.vault.budget import ONE_OBJECT
from sealhold.vault.requests import REQUESTS
from tests.scenarios.vaults import (
    BIT,
    NOON,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    new_home,
    opened,
    preview,
    sum_of,
)

SIXTEEN = Job(
    code=b"def evaluate(obj, res):\n    return (len(obj['summary']) * res['param']) % 16\n",
    evaluate={"min": 0, "max": 15, "step": 1},
    aggregate=sum_of(0, 15),
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that holds 30 events, 10 of them green."""
    folder = tmp_path_factory.mktemp("filled")
    home = new_home(folder / "home")
    with opened(home) as node:
        summaries = [f"{'green' if n % 3 == 0 else 'red'} {n}" for n in range(30)]
        node.sources.import_paths([calendar(folder / "c.ics", summaries)])
    return home


@dataclass(frozen=True)
class Ready:
    """A home in which an app's request was allowed: on demand, and for one answer."""

    home: Path
    asker: Asker
    request: str
    grant: GrantView
    once: GrantView


@pytest.fixture(scope="module")
def allowed(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Ready:
    home = Path(shutil.copytree(filled, tmp_path_factory.mktemp("allowed") / "home"))
    with opened(home) as node:
        asker = Asker(node)
        request = asker.ask(node, Job(), until=Instant(NOON + DAY))
        grant = allow(node, request)
        other = asker.ask(node, Job(version="1.0.1"), until=Instant(NOON + DAY), mode=Mode.ONCE)
        return Ready(home, asker, request, grant, allow(node, other))


@pytest.fixture
def ready(allowed: Ready, tmp_path: Path) -> Ready:
    return replace(allowed, home=Path(shutil.copytree(allowed.home, tmp_path / "ready")))


@pytest.fixture
def vault(ready: Ready, clock: Hands) -> Iterator[Node]:
    """Return the open vault of `ready`."""
    with opened(ready.home, clock) as found:
        yield found


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "home"))


@pytest.fixture
def node(home: Path, clock: Hands) -> Iterator[Node]:
    with opened(home, clock) as found:
        yield found


def told(node: Node) -> MicroBits:
    """Return what all that was approved may tell of one event, for life."""
    asker = Asker(node, f"probe {node.audit.state().size}")
    card = card_of(node, asker.ask(node, Job()))
    return card.object_before


def kinds(node: Node) -> list[str]:
    return [line.kind for line in node.audit.lines()]


def charged(node: Node) -> MicroBits:
    return MicroBits(sum(line.cost for line in node.audit.lines()))


def named(grant: GrantView) -> str:
    return f"g-{grant.id.hex()[-12:]}"


def refusal(work: Callable[[], object]) -> tuple[type[SealholdError], str, str, str]:
    """Return all that an outsider sees of a refusal."""
    with pytest.raises(SealholdError) as caught:
        work()
    found = caught.value
    return type(found), str(found), found.code(), found.remedy()


DENIED = (DeniedError, "denied", "DENIED", DeniedError.remedy())


# --- what a program may tell of one object ---


@pytest.mark.threat("T41")
def test_the_same_code_under_another_name_author_and_app_is_charged_once(node: Node) -> None:
    first, second = Asker(node, "One"), Asker(node, "Two")
    grant = first.granted(node, Job())
    runs = kinds(node).count("run")
    request = second.ask(node, Job(name="Something else", version="2.0.0"))

    card = card_of(node, request)
    other = named(allow(node, request))

    assert card.cost_per_object == 0
    assert node.runs.run(grant).value == node.runs.run(other).value == 10
    assert kinds(node).count("run") == runs  # one memo: nothing was evaluated again


@pytest.mark.threat("T41")
def test_one_changed_byte_is_another_program_and_its_charge_is_shown_before(node: Node) -> None:
    asker = Asker(node)
    asker.granted(node, Job())

    card = card_of(node, asker.ask(node, Job(code=BIT + b"\n", version="1.0.1")))

    assert card.cost_per_object == 1 * MICRO
    assert card.object_before == 1 * MICRO


@pytest.mark.threat("T40")
def test_a_sweep_of_parameters_pays_for_each_and_ends_at_the_cap_of_the_object(node: Node) -> None:
    """48 parameters of one four-bit program: four of them may speak, and no fifth."""
    job = replace(SIXTEEN, params={f"p{n}": n for n in range(48)})
    costs = []
    for number in range(4):
        asker = Asker(node, f"app {number}")
        request = asker.ask(node, job, param=f"p{number}")
        costs.append(card_of(node, request).cost_per_object)
        allow(node, request)
    fifth = Asker(node, "app 4").ask(node, job, param="p4")

    with pytest.raises(LeakExhaustedError, match="an object of `events` is 4 bits short") as caught:
        allow(node, fifth)

    assert caught.value.kind is ErrorKind.EXHAUSTED
    assert costs == [4 * MICRO] * 4
    assert told(node) == ONE_OBJECT
    assert card_of(node, fifth).state is RequestState.WAITING


@pytest.mark.threat("T40")
def test_two_approvals_at_once_do_not_pass_the_cap_together(node: Node) -> None:
    job = replace(SIXTEEN, params={f"p{n}": n for n in range(6)})
    waiting = [Asker(node, f"app {n}").ask(node, job, param=f"p{n}") for n in range(6)]
    refused: list[SealholdError] = []

    def press(request: str) -> None:
        try:
            allow(node, request)
        except SealholdError as err:
            refused.append(err)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(press, waiting))

    assert [type(err) for err in refused] == [LeakExhaustedError] * 2
    assert told(node) == ONE_OBJECT


@pytest.mark.threat("T40")
def test_a_look_is_paid_like_an_approval(node: Node) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job())
    cost = card_of(node, request).preview.cost

    assert preview(node, request) == b"10"
    assert preview(node, request) == b"10"  # pressed again: the same bytes, no charge

    assert node.budgets.meters()[0].used == cost > 0
    assert told(node) == 1 * MICRO


# --- papers that do not belong together ---


@pytest.mark.threat("T11")
def test_a_request_for_another_purpose_than_its_task_is_refused(node: Node) -> None:
    asker = Asker(node)

    with pytest.raises(InvalidManifestError, match="do not name each other"):
        asker.ask(node, Job(), purpose="Marketing")


@pytest.mark.threat("T53")
def test_a_request_that_another_key_signed_is_denied(node: Node) -> None:
    asker, other = Asker(node, "One"), Asker(node, "Two")
    papers, forged = asker.papers(Job()), other.papers(Job(), app=asker.id)

    assert refusal(lambda: asker.hand_in(node, replace(papers, request=forged.request))) == DENIED


@pytest.mark.threat("T53")
def test_a_request_in_the_name_of_another_app_is_refused(node: Node) -> None:
    asker, other = Asker(node, "One"), Asker(node, "Two")

    with pytest.raises(InvalidManifestError, match="another app than the one that sent it"):
        asker.ask(node, Job(), app=other.id)


@pytest.mark.threat("T41")
def test_a_task_that_the_request_does_not_name_is_refused(node: Node) -> None:
    asker = Asker(node)
    papers, swapped = asker.papers(Job()), asker.papers(Job(version="6.6.6"))

    with pytest.raises(InvalidManifestError, match="do not name each other"):
        asker.hand_in(node, replace(papers, task=swapped.task))


@pytest.mark.threat("T41")
@pytest.mark.parametrize("at", [0, len(BIT) // 2, len(BIT) - 1])
def test_a_changed_byte_of_the_program_is_refused(node: Node, at: int) -> None:
    asker = Asker(node)
    papers = asker.papers(Job())
    code = BIT[:at] + bytes([BIT[at] ^ 1]) + BIT[at + 1 :]

    with pytest.raises(InvalidManifestError, match="not the one whose digest the task names"):
        asker.hand_in(node, replace(papers, code=code))


@pytest.mark.threat("T71")
def test_papers_that_were_exchanged_in_the_store_end_the_next_opening(
    home: Path, clock: Hands
) -> None:
    """Somebody with the file key puts the papers of one request under the id of another."""
    with opened(home, clock) as node:
        asker = Asker(node)
        asker.ask(node, Job())
        asker.ask(node, replace(SIXTEEN, params={"p0": 1}))
        core = node.parts.core
        one, two = core.store.scan(REQUESTS.name, "key", (), ()).rows
        fence = core.store.lease(Id16(bytes(16)), Id16(b"home's file lock"), 3_600, clock())
        swapped = Put(REQUESTS.name, (*one.row[:-1], two.row[-1]))
        core.store.commit((), lambda _: (swapped,), fence)

    with pytest.raises(TamperedError, match="rows that decide"), opened(home, clock):
        pass


@pytest.mark.threat("T12")
@pytest.mark.parametrize("name", ["pay\u202eroll", "gr\u200been", "a\u0000b", "x\ue000"])
def test_a_name_that_reads_otherwise_than_it_stands_is_refused(node: Node, name: str) -> None:
    asker = Asker(node)

    with pytest.raises(InvalidError):
        asker.ask(node, Job(), name=name)


@pytest.mark.threat("T12")
def test_an_app_with_hidden_letters_in_its_name_is_shown_with_them(node: Node) -> None:
    asker = Asker(node, "Bank\u202ecod.exe")

    card = card_of(node, asker.ask(node, Job()))

    assert "\u202e" not in card.asker.name
    assert "\\u202e" in card.asker.name.lower()


# --- who asks ---


@pytest.mark.threat("T02")
@pytest.mark.parametrize("forge", ["flip", "cut", "empty", "other letters"])
def test_a_forged_token_is_told_nothing_at_any_door(vault: Node, ready: Ready, forge: str) -> None:
    asker, request = ready.asker, ready.request
    token = {
        "flip": asker.token[:-1] + ("A" if asker.token[-1] != "A" else "B"),
        "cut": asker.token[:-4],
        "empty": "",
        "other letters": "shv1_\u00e9\u00e9",
    }[forge]
    papers = asker.papers(Job())

    doors: list[Callable[[], object]] = [
        lambda: vault.outside.request_status(token, request),
        lambda: vault.outside.invoke(token, request),
        lambda: vault.outside.fetch(token, request),
        lambda: vault.outside.submit(token, papers.request, papers.task, papers.code),
    ]

    assert [refusal(door) for door in doors] == [DENIED] * 4


@pytest.mark.threat("T13")
def test_absent_foreign_and_forbidden_look_alike(vault: Node, ready: Ready) -> None:
    asker = Asker(vault, "Two")
    waits = asker.ask(vault, Job(name="Waits"))
    grant = named(ready.grant)

    foreign = [ready.request, "q-000000000000", grant, "nonsense", ready.grant.id.hex()]
    doors: list[Callable[[], object]] = [
        partial(door, asker.token, text)
        for text in foreign
        for door in (vault.outside.request_status, vault.outside.invoke, vault.outside.fetch)
    ]
    doors += [
        partial(vault.outside.invoke, asker.token, waits),
        partial(vault.outside.fetch, asker.token, waits),
    ]

    assert [refusal(door) for door in doors] == [DENIED] * 17


@pytest.mark.threat("T13")
def test_a_refused_request_that_is_asked_again_learns_nothing(node: Node, clock: Hands) -> None:
    asker, undecided = Asker(node, "One"), Asker(node, "Two")
    refused, waits = asker.ask(node, Job()), undecided.ask(node, Job())
    node.requests.refuse(refused)
    asked = len(node.requests.list())

    again = asker.ask(node, Job(), reason=(("en", "Please, please"),))

    status = [
        node.outside.request_status(asker.token, refused),
        node.outside.request_status(undecided.token, waits),
    ]
    assert again == refused
    assert status == ["pending", "pending"]
    assert len(node.requests.list()) == asked
    clock.move(8 * DAY)
    assert node.outside.request_status(asker.token, refused) == "refused"
    assert node.outside.request_status(undecided.token, waits) == "refused"


@pytest.mark.threat("T13")
def test_a_flood_of_blocked_repeats_is_one_row_that_the_owner_never_sees(
    node: Node, clock: Hands
) -> None:
    asker = Asker(node)
    node.requests.refuse(asker.ask(node, Job()))
    clock.move(8 * DAY)

    repeats = {asker.ask(node, Job()) for _ in range(20)}

    assert len(repeats) == 1
    assert node.outside.request_status(asker.token, repeats.pop()) == "pending"
    assert [line.state for line in node.requests.list()] == [RequestState.REFUSED]


@pytest.mark.threat("T13")
def test_an_app_that_asks_too_much_is_denied(node: Node) -> None:
    asker = Asker(node)
    for number in range(3):
        asker.ask(node, Job(version=f"1.0.{number}"))

    assert refusal(lambda: asker.ask(node, Job(version="1.0.9"))) == DENIED


@pytest.mark.parametrize("state", ["suspended", "removed"])
def test_a_stopped_app_is_denied_everything_and_so_is_a_run_for_it(
    vault: Node, ready: Ready, state: str
) -> None:
    asker, request = ready.asker, ready.request
    vault.runs.run(named(ready.grant))

    (vault.apps.suspend if state == "suspended" else vault.apps.remove)(asker.shown)

    assert refusal(lambda: vault.outside.request_status(asker.token, request)) == DENIED
    assert refusal(lambda: vault.outside.fetch(asker.token, request)) == DENIED
    assert refusal(lambda: asker.ask(vault, Job(version="2.0.0"))) == DENIED
    with pytest.raises(DeniedError, match="app"):
        vault.runs.run(named(ready.grant))


def test_a_suspended_app_goes_on_where_it_was_once_it_is_resumed(vault: Node, ready: Ready) -> None:
    vault.apps.suspend(ready.asker.shown)

    vault.apps.resume(ready.asker.shown)

    assert vault.runs.run(named(ready.grant)).value == 10


@pytest.mark.parametrize("why", ["suspended", "over", "task over"])
def test_what_can_no_longer_be_used_is_not_allowed_either(
    node: Node, clock: Hands, why: str
) -> None:
    asker = Asker(node)
    job = Job(expires="2026-11-24T00:00:00Z") if why == "task over" else Job()
    request = asker.ask(node, job, until=Instant(NOON + 4 * DAY))
    if why == "suspended":
        node.apps.suspend(asker.shown)
    else:
        clock.move(5 * DAY)

    with pytest.raises(ConflictError):
        allow(node, request)

    assert node.grants.list() == ()
    assert charged(node) == 0


# --- how often, how much, how long ---


@pytest.mark.threat("T14")
def test_once_gives_one_answer_however_often_it_is_asked_for(vault: Node, ready: Ready) -> None:
    first, *more = [vault.runs.run(named(ready.once)) for _ in range(3)]

    assert {answer.sealed for answer in more} == {first.sealed}
    assert [answer.cost for answer in more] == [0, 0]
    assert charged(vault) == first.cost
    assert len(vault.runs.answers()) == 1
    assert {view.state for view in vault.grants.list()} == {
        RequestState.ALLOWED,
        RequestState.SPENT,
    }


@pytest.mark.threat("T14")
def test_once_over_an_open_set_stays_once_on_the_next_day(node: Node, clock: Hands) -> None:
    asker = Asker(node)
    job = Job(objects="open", expires="2026-11-25T00:00:00Z")
    grant = asker.granted(node, job, mode=Mode.ONCE)
    node.runs.run(grant)
    clock.move(DAY)

    with pytest.raises(DeniedError, match=r"one answer|spent|given"):
        node.runs.run(grant)

    assert len(node.runs.answers()) == 1


def test_each_answer_needs_its_own_yes(node: Node) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job(), mode=Mode.EACH)
    grant = named(allow(node, request))

    assert refusal(lambda: node.outside.invoke(asker.token, request)) == DENIED
    assert node.runs.run(grant).value == 10


def test_an_ended_grant_gives_nothing_not_even_what_it_gave(
    vault: Node, ready: Ready, clock: Hands
) -> None:
    vault.runs.run(named(ready.grant))
    clock.move(DAY)

    with pytest.raises(DeniedError):
        vault.runs.run(named(ready.grant))


@pytest.mark.parametrize("whose", ["grant", "app"])
def test_an_exhausted_budget_is_told_to_the_owner_alone(
    node: Node, clock: Hands, whose: str
) -> None:
    """Each day's answer over an open set costs five bits: 20 a year for one app, or 10 granted."""
    asker = Asker(node)
    job = Job(objects="open", expires="2026-11-28T00:00:00Z")
    answers = 2 if whose == "grant" else 4
    budget = MicroBits((10 if whose == "grant" else 100) * MICRO)
    request = asker.ask(node, job, budget=budget, schedule=Schedule.DAILY)
    grant = named(allow(node, request))
    for _ in range(answers):
        node.runs.run(grant)
        clock.move(DAY)
    before = node.budgets.meters()

    with pytest.raises(LeakExhaustedError) as caught:
        node.runs.run(grant)

    assert caught.value.kind is ErrorKind.EXHAUSTED
    assert refusal(lambda: node.outside.invoke(asker.token, request)) == DENIED
    assert node.budgets.meters() == before
    assert node.budgets.meters()[1].used == answers * 5 * MICRO


# --- what changes while a run is under way ---


@pytest.mark.threat("T73")
@pytest.mark.parametrize("what", ["revoked", "suspended", "over"])
@pytest.mark.parametrize("mode", [Mode.ONCE, Mode.UNTIL])
def test_a_grant_that_ends_while_the_program_runs_releases_nothing(
    vault: Node, ready: Ready, clock: Hands, what: str, mode: Mode
) -> None:
    grant = ready.once if mode is Mode.ONCE else ready.grant
    finish = vault.runs.begin(grant.id)
    match what:
        case "revoked":
            vault.grants.revoke(named(grant))
        case "suspended":
            vault.apps.suspend(ready.asker.shown)
        case _:
            clock.move(DAY)

    with pytest.raises(DeniedError):
        finish()

    assert vault.runs.answers() == ()
    assert "release" not in kinds(vault)
    assert charged(vault) == 5 * MICRO  # and stays charged
    newest = next(iter(vault.audit.lines()))
    assert (newest.kind, newest.outcome) == ("decision", "denied")


@pytest.mark.threat("T73")
@pytest.mark.parametrize("turn", range(4))
def test_no_release_stands_behind_its_withdrawal_in_the_log(
    vault: Node, ready: Ready, turn: int
) -> None:
    finish = vault.runs.begin(ready.grant.id)
    racer = threading.Timer(turn / 1_000, vault.grants.revoke, args=(named(ready.grant),))
    racer.start()

    with suppress(DeniedError, ConflictError):
        finish()
    racer.join()

    order = [kind for kind in reversed(kinds(vault)) if kind in {"release", "revoke"}]
    assert order in (["revoke"], ["release", "revoke"])


@pytest.mark.threat("T73")
def test_an_answer_that_was_not_fetched_before_the_withdrawal_stays(
    vault: Node, ready: Ready, clock: Hands
) -> None:
    asker, request = ready.asker, ready.request
    vault.runs.run(named(ready.grant))
    clock.move(2 * SECOND)
    reply = vault.outside.fetch(asker.token, request)

    vault.grants.revoke(named(ready.grant))

    assert reply is not None
    assert refusal(lambda: vault.outside.fetch(asker.token, request)) == DENIED
    assert refusal(lambda: vault.outside.invoke(asker.token, request)) == DENIED


@pytest.mark.threat("T72")
def test_four_who_ask_at_once_are_charged_once_and_get_the_same_bytes(
    vault: Node, ready: Ready
) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(vault.runs.run, named(ready.grant)) for _ in range(4)]

    assert len({run.result().sealed for run in runs}) == 1
    assert charged(vault) == 5 * MICRO


@pytest.mark.threat("T72")
@pytest.mark.parametrize("mode", [Mode.ONCE, Mode.UNTIL])
@pytest.mark.parametrize("days", [0, 2])
def test_a_charge_whose_answer_never_left_is_taken_up_again_and_not_charged_again(
    home: Path, clock: Hands, mode: Mode, days: int
) -> None:
    job = Job(objects="open", expires="2026-11-27T00:00:00Z")
    with opened(home, clock) as node:
        asker = Asker(node)
        grant = allow(node, asker.ask(node, job, mode=mode))
        node.runs.begin(grant.id)  # and the process is gone before it is completed

    clock.move(days * DAY)
    with opened(home, clock) as node:
        assert node.runs.owed() == [grant.id]
        answer = node.runs.run(named(grant))

        assert answer.value == 10
        assert node.runs.owed() == []
        assert charged(node) == 5 * MICRO


# --- the app's side ---


@pytest.mark.threat("T43")
def test_a_reply_has_one_size_and_opens_for_its_app_alone(node: Node, clock: Hands) -> None:
    asker, other = Asker(node, "One"), Asker(node, "Two")
    papers = asker.papers(Job())
    request = asker.hand_in(node, papers)
    full = next(line.id for line in node.requests.list())
    grant = allow(node, request)
    assert node.outside.fetch(asker.token, request) is None
    node.runs.begin(grant.id)()

    assert node.outside.fetch(asker.token, request) is None  # its slot is not over
    clock.move(MINUTE)
    reply = node.outside.fetch(asker.token, request)

    assert reply is not None
    sealed, info = unpad(reply), box_info(RequestId(full), papers.digest)
    assert json.loads(asker.keys.box.open(sealed, info))
    with pytest.raises(TamperedError):
        other.keys.box.open(sealed, info)
    assert len(reply) == 24_576
