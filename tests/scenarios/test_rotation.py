"""Keys turned over in a vault on disk: by command, over a server, and with a kill at each step."""

import json
import re
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from sealhold.model.errors import WrongPassphraseError
from sealhold.model.ids import AppId, FieldName, SubjectId, canonical
from sealhold.model.personrecords import CollectionRule
from sealhold.node import Node
from sealhold.vault.collectionrules import Collections
from sealhold.vault.keyblocks import KeyBlocks
from sealhold.vault.minting import Minting
from sealhold.vault.personrecords import At, PersonRecords
from sealhold.vault.recordasking import Asking, RecordUses
from sealhold.vault.registry import Registry
from sealhold.vault.schemas import Schemas
from sealhold.vault.using import Uses
from tests.conformance import pgserver
from tests.forked import FORKS
from tests.scenarios.rotated import small_steps, turn_and_die
from tests.scenarios.test_people_over_epochs import RULES, SERVICE, mail_of
from tests.scenarios.vaults import PASSPHRASE, Hands, calendar, new_home, opened
from tests.transcripts.cli import Cli, furnish
from tests.unit.records_vault import NOTES, rid, rule

NAMES = ("Ada", "Bob", "Cid")
WORDS = ("apple", "pear", "plum", "lemon")
NAME, MAIL = FieldName("name"), FieldName("mail")


@dataclass(frozen=True)
class Story:
    """A home with four items and three people of one app, each with a profile and a record."""

    home: Path
    app: AppId
    people: tuple[SubjectId, ...]


@dataclass(frozen=True)
class Parts:
    """What a test asks of an open vault."""

    node: Node
    records: PersonRecords

    @classmethod
    def of(cls, node: Node) -> "Parts":
        core = node.parts.core
        minting = Minting(core.keyring, core.deciding)
        registry = Registry(core.deciding, core.papers, minting, core.clock, core.entropy)
        uses = Uses(core, registry, Schemas(core))
        blocks = KeyBlocks(core.store, core.entropy)
        return cls(node, PersonRecords(core, RecordUses(uses, Collections(core)), blocks))

    def assert_whole(self, story: Story) -> None:
        """Everything opens; of each key one version is in force, and no older one is left."""
        people = self.node.parts.crowd.people
        for subject, name in zip(story.people, NAMES, strict=True):
            got = people._people.get(story.app, subject, SERVICE)
            assert got.fields == {NAME: name, MAIL: mail_of(name)}
            assert people._people.find(story.app, SERVICE, MAIL, mail_of(name)) == (subject,)
            asking = Asking(app=story.app, subject=subject, purpose=SERVICE)
            kept = self.records.get(asking, At(NOTES, rid(1))).wait()
            assert kept.content == {"of": name}
        for word in WORDS:
            (item,) = self.node.records.search(word).items
            assert self.node.records.get(canonical(item.id)).id == item.id
        listed = self.node.keys.list().keys
        names = [(key.kind, key.name) for key in listed]
        assert len(set(names)) == len(names)
        assert {key.state for key in listed} == {"active"}
        assert self.node.audit.verify().faults == ()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("story")
    home = new_home(folder / "home")
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "a.ics", list(WORDS))])
        app, _token = node.apps.register_app("One", bytes(range(32)), confirmed=True)
        node.people.lay_down(canonical(app.id), RULES, PASSPHRASE)
        core, parts = node.parts.core, Parts.of(node)
        registered = Registry(
            core.deciding,
            core.papers,
            Minting(core.keyring, core.deciding),
            core.clock,
            core.entropy,
        ).get(app.id)
        notes: CollectionRule = rule(SERVICE)
        Collections(core).lay_down(registered, NOTES, notes)
        rows = node.parts.crowd.people._people
        people = []
        for name in NAMES:
            subject = rows.make(app.id).subject
            rows.put(app.id, subject, SERVICE, {NAME: name, MAIL: mail_of(name)}, 0)
            asking = Asking(app=app.id, subject=subject, purpose=SERVICE)
            parts.records.put(asking, At(NOTES, rid(1)), {"of": name}, None).wait()
            people.append(subject)
        found = Story(home, app.id, tuple(people))
        parts.assert_whole(found)
    return found


@pytest.fixture
def home(story: Story, tmp_path: Path) -> Path:
    return Path(shutil.copytree(story.home, tmp_path / "home"))


def scopes(story: Story) -> dict[str, str]:
    app = canonical(story.app)
    return {
        "subject": "owner",
        "subjects": app,
        "app": app,
        "bodies": "all",
        "index": f"{app}/mail",
    }


@pytest.mark.promise("P9")
@pytest.mark.parametrize("kind", ["subject", "subjects", "app", "bodies", "index"])
def test_a_kill_before_any_write_costs_nothing_and_the_job_goes_on(
    story: Story, tmp_path: Path, kind: str
) -> None:
    what, ended, write = (kind, scopes(story)[kind]), False, 0
    for write in count():
        copy = Path(shutil.copytree(story.home, tmp_path / f"before {write}"))
        ours, theirs = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=turn_and_die, args=(copy, Hands(), what, write, theirs))
        process.start()
        theirs.close()
        process.join()
        assert process.exitcode == -9
        with opened(copy) as node:
            node.keys.list()
            node.rotation.go_on()
            (job,) = node.rotation.jobs()
            assert (job.state, job.quarantined) == ("done", 0)
            Parts.of(node).assert_whole(story)
        shutil.rmtree(copy)
        try:
            ended = ours.recv() == "done"
        except EOFError:
            continue
        break

    assert ended
    assert write >= 4


def test_everything_is_turned_over_at_an_open_vault_and_after_it(story: Story, home: Path) -> None:
    with opened(home) as node:
        for kind, scope in scopes(story).items():
            job = node.rotation.begin(kind, scope, PASSPHRASE, compromised=True, throttle=0)
            assert node.rotation.run(canonical(job.id)).state == "done"
            Parts.of(node).assert_whole(story)
        before = {(key.kind, key.name): key.version for key in node.keys.list().keys}
        node.keys.close(PASSPHRASE)
        Parts.of(node).assert_whole(story)
    with opened(home) as node:
        Parts.of(node).assert_whole(story)
        after = {(key.kind, key.name): key.version for key in node.keys.list().keys}

    owner = next(name for kind, name in before if kind == "subject" and before[kind, name] == 2)
    assert after["subject", owner] == 2
    assert after["app", canonical(story.app)] == before["app", canonical(story.app)] + 1
    assert before["field", f"{canonical(story.app)}/mail"] == 2


def test_a_job_goes_on_over_a_closed_epoch(story: Story, home: Path) -> None:
    with opened(home) as node:
        jobs = [
            node.rotation.begin(kind, scope, PASSPHRASE, compromised=True, throttle=0)
            for kind, scope in (("subject", "owner"), ("app", canonical(story.app)))
        ]
        rotation = node.rotation._rotation
        for job in jobs:
            rotation._step(rotation.jobs.get(job.id))
        node.keys.close(PASSPHRASE)
    with opened(home) as node:
        node.rotation.go_on()

        assert {job.state for job in node.rotation.jobs()} == {"done"}
        Parts.of(node).assert_whole(story)


def test_an_epoch_is_closed_in_the_midst_of_turning_keys_over(story: Story, home: Path) -> None:
    with opened(home) as node, pytest.MonkeyPatch.context() as patch:
        small_steps(patch)
        closed = list[int]()

        def close() -> None:
            for _ in range(3):
                closed.append(node.keys.close(PASSPHRASE).next)

        closing = Thread(target=close)
        closing.start()
        states: list[str] = []
        while closing.is_alive() or len(states) < 3:
            for kind, scope in scopes(story).items():
                job = node.rotation.begin(kind, scope, PASSPHRASE, compromised=True, throttle=0)
                states.append(node.rotation.run(canonical(job.id)).state)
        closing.join()

        assert (closed, set(states)) == ([2, 3, 4], {"done"})
        Parts.of(node).assert_whole(story)
    with opened(home) as node:
        Parts.of(node).assert_whole(story)


def test_a_new_passphrase_opens_and_the_old_one_does_not(story: Story, home: Path) -> None:
    with opened(home) as node:
        with pytest.raises(WrongPassphraseError):
            node.change_passphrase("not this one", "something else")
        node.change_passphrase(PASSPHRASE, "something else")
        told = [line.what for line in node.audit.lines() if line.kind == "key"]

    assert told == ["keys were turned over: passphrase changed"]
    with Node(home, None) as node:
        with pytest.raises(WrongPassphraseError):
            node.unlock(PASSPHRASE)
        node.unlock("something else")
        Parts.of(node).assert_whole(story)


# --- by command ---


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    made = Cli(furnish(tmp_path))
    assert made.line("init --headless").code == 0
    assert made.line("import tracks calendar.ics").code == 0
    return made


def test_the_commands_turn_keys_over_and_show_it(cli: Cli) -> None:
    before = cli.line("search dentist").out

    would = cli.line("key rotate subject owner --dry-run")
    assert "Nothing was changed." in would.out
    done = cli.line("key rotate subject owner --json")

    assert done.code == 0, done.err
    job = json.loads(done.out)
    assert (job["state"], job["changed"] > 3, job["quarantined"]) == ("done", True, 0)
    assert cli.line("search dentist").out == before
    listed = json.loads(cli.line("job list --json").out)
    assert [each["id"] for each in listed] == [job["id"]]
    assert json.loads(cli.line(f"job show {job['id']} --json").out)["quarantine"] == []
    keys = json.loads(cli.line("key list --json").out)["keys"]
    states = [(key["version"], key["state"]) for key in keys if key["kind"] == "subject"]
    assert states == [(1, "decrypt-only"), (2, "active")]
    assert cli.line(f"job cancel {job['id']}").code != 0
    assert cli.line("key rotate nothing").code != 0
    assert cli.line("key rotate index mail").code != 0


def test_where_there_is_nothing_to_turn_over_the_commands_say_so_in_words(cli: Cli) -> None:
    would = cli.line("key rotate subjects owner --dry-run")
    assert "none" not in would.out
    assert cli.line("key rotate bodies owner --json").code == 0
    again = cli.line("key rotate subject owner")
    assert "nothing: every row opened" in again.out
    empty = Cli(cli.folder / "empty")
    empty.folder.mkdir()
    assert empty.line("init --headless").code == 0

    done = empty.line("key rotate bodies owner")

    assert done.code == 0, done.err
    assert "there is none, so there is nothing to do" in done.out
    assert "nothing, for there is none of it" in done.out
    assert re.search(r"Changed +nothing\n", done.out)
    assert not re.search(r"\b0\b", done.out.partition("Began")[0])
    alone = empty.line("key rotate subject owner")  # the key is made anew all the same
    assert "of owner: nothing lies under it yet" in alone.out
    assert "nothing, for nothing lies under it" in alone.out
    assert "say which app" in empty.line("key rotate app --dry-run").err


def test_a_compromised_key_is_gone_after_the_command(cli: Cli) -> None:
    assert cli.line("key rotate subject owner --compromised").code == 0

    keys = json.loads(cli.line("key list --json").out)["keys"]

    states = [(key["version"], key["state"]) for key in keys if key["kind"] == "subject"]
    assert states == [(2, "active")]
    shown = cli.line("audit show").out
    assert "rotation begun compromised" in shown
    assert "old keys destroyed" in shown


def test_rows_on_a_server_are_turned_over(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    rows = f"{pgserver.address()}?schema={pgserver.schema_of(tmp_path)}"
    assert cli.line(f"init --headless --records '{rows}'").code == 0
    assert cli.line("import tracks calendar.ics").code == 0
    before = cli.line("search dentist").out

    for kind in ("subject owner", "subjects", "bodies", "app owner", "log"):
        assert cli.line(f"key rotate {kind} --compromised").code == 0

    assert cli.line("search dentist").out == before
    assert cli.line("audit verify").code == 0
    told = json.loads(cli.line("audit keys --json").out)["keys"]
    assert [(key["version"], key["state"]) for key in told] == [(2, "active"), (1, "compromised")]
    keys = json.loads(cli.line("key list --json").out)["keys"]
    assert [(key["version"], key["state"]) for key in keys if key["kind"] == "subject"] == [
        (3, "active")
    ]
