"""Each example of a help text works as it stands, in a vault where it makes sense."""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.tree import tree
from sealhold.frontends.ruleforms import CollectionForm
from sealhold.model.principals import Caller
from sealhold.model.processing import Risk, Terms
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.pairingwork import joined
from sealhold.node.shareforms import ShareForm, clauses_of
from sealhold.node.sharework import ShareWork
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, opened
from tests.transcripts.cli import FILES, Cli, furnish, inside
from tests.unit.people_vault import NAME, RULES, SERVICE

STAGES = (
    *("empty", "filled", "asked", "allowed", "answered", "turning"),
    *("asked of people", "held", "trusting", "trusted", "backed up", "lost"),
)
TERMS = Terms(
    name="Newsletter",
    code="ab" * 32,
    purpose=SERVICE,
    basis="eu-gdpr:A6-1-a",
    special="",
    fields=frozenset({NAME}),
    collections=frozenset(),
    recipients=frozenset(),
    transfers=frozenset(),
    retention_days=30,
    automated=False,
    risk=Risk.LOW,
    output_bytes=100,
)
CONTACTS = ("card", "add", "list", "show", "allow", "rename", "remove", "send", "letters", "take")
NEEDS = {
    "init": "empty",
    "app register": "filled",
    "key cards": "on paper",
    "key recover": "on cards",
    **{f"source {word}": "named" for word in ("show", "run", "set", "login", "pause", "remove")},
    "source token": "named",
    "source resume": "paused",
    "source accept": "changed",
    "grant list": "allowed",
    "grant revoke": "allowed",
    "grant pause": "allowed",
    "grant resume": "paused grant",
    "policy token make": "allowed",
    "policy token show": "hung",
    "policy token watch": "hung",
    "policy token revoke": "hung",
    "grant show": "allowed",
    "policy show": "ruled",
    "policy remove": "ruled",
    "run": "allowed",
    "app open": "answered",
    "proof show": "answered",
    "proof present": "answered",
    "verify": "answered",
    "job show": "turning",
    "job pause": "turning",
    "job resume": "turning",
    "job cancel": "turning",
    "job give-up": "turning",
    "grant confirm": "allowed",
    "processing show": "asked of people",
    "processing activate": "asked of people",
    "processing retire": "asked of people",
    "schema show": "asked of people",
    "collection show": "asked of people",
    "hold add": "asked of people",
    "hold lift": "held",
    "login add": "trusting",
    "login remove": "trusted",
    "backup verify": "backed up",
    "backup check": "backed up",
    "backup prune": "backed up",
    "backup recovery": "on paper",
    "restore": "lost",
    "relay init": "empty",
    "device begin": "filled",
    **{f"device {word}": "paired" for word in ("list", "rename", "revoke", "sync", "keep")},
    **{f"device place {word}": "paired" for word in ("add", "remove")},
    **{f"device {word}": "paired" for word in ("lan on", "lan off", "lan status", "grants")},
    "device leave": "kept equal",
    **{f"document {word}": "written" for word in ("list", "show", "edit", "history", "restore")},
    **{f"document {word}": "written" for word in ("redact", "remove", "decide")},
    "document create": "paired",
    **{
        f"device {word}": "kept equal"
        for word in ("history", "restore", "thin", "erase", "pin", "unpin")
    },
    **{f"device profile {word}": "kept equal" for word in ("show", "set")},
    **{f"contact {word}": "known" for word in CONTACTS},
    "share create": "known",
    **{f"share {word}": "shared" for word in ("list", "show", "receipts", "revoke")},
    **{f"share {word}": "shared" for word in ("change", "export")},
    **{f"share {word}": "invited" for word in ("received", "accept")},
    "share open": "taken",
    **{f"relay account {word}": "relayed" for word in ("add", "list", "remove")},
}
# two never end: test_cli_serve.py, test_relay_command.py; one needs a server: test_server_role.py
# three need two screens or a conflict: test_device_commands.py; a folder: test_device_history.py
# the words of another person, and a stranger's letter: test_contact_commands.py
# shares that several people hold: test_key_shares.py, test_recovery_vetoed.py
# a program at another vault: test_shares_that_answer.py; the proxy: test_cli_examples_proxy.py
ELSEWHERE = {"serve", "relay serve", "service print-grants", "share ask"} | {
    *(f"device {word}" for word in ("pair", "join", "resolve", "fetch")),
    *(f"contact {word}" for word in ("verify", "dismiss")),
    *("key share send", "key share list", "key held list", "key held open", "key held show"),
    *(f"key recovery {word}" for word in ("list", "veto", "alive")),
}
# three need a link at a relay: test_link_commands.py; people: test_documents_together_people.py
ELSEWHERE |= {"share people", *(f"share link {word}" for word in ("show", "revoke", "open"))}


def entries(group: Group, before: str = "") -> Iterator[tuple[str, Entry]]:
    for word, entry in group.entries.items():
        if isinstance(entry, Group):
            yield from entries(entry, f"{before}{word} ")
        else:
            yield f"{before}{word}", entry


ALL = {words: entry.example for words, entry in entries(tree({})) if words not in ELSEWHERE}
EXAMPLES = {words: example for words, example in ALL.items() if not words.startswith("proxy ")}


def _write_cards(cli: Cli, keep: Callable[[str], None]) -> None:
    """Make a vault with a recovery secret, and cards of it; what follows has neither."""
    assert cli.line("init --headless --recovery paper").code == 0
    keep("on paper")
    assert cli.line("key cards paper Made").code == 0
    for number in range(1, 6):
        (cli.folder / f"Made/card-{number}-of-5.txt").rename(cli.folder / f"card-{number}.txt")
    keep("on cards")
    for each in (cli.folder / "paper", *cli.folder.glob("card-*.txt")):
        each.unlink()
    shutil.rmtree(cli.folder / "Made")
    shutil.rmtree(cli.home)


def _name_a_source(cli: Cli, keep: Callable[[str], None]) -> None:
    """Add a folder as a source, in copies: what follows has none."""
    before = Path(shutil.copytree(cli.home, cli.home.with_name("before")))
    assert cli.line("source add rides folder Downloads/tracks").code == 0
    pushed = "source add phone push whereabouts --with columns=at:instant,lat:float,lon:float"
    assert cli.line(pushed).code == 0
    keep("named")
    with opened(cli.home, Hands(cli.now)) as node:
        node.standing.pause(node.standing.find("rides"))
    keep("paused")
    with opened(cli.home, Hands(cli.now)) as node:
        node.standing.change(node.standing.find("rides"), "broken", state="broken", why="a test")
    keep("changed")
    shutil.rmtree(cli.home)
    before.rename(cli.home)


def _hang_on_a_medium(cli: Cli, keep: Callable[[str], None]) -> None:
    """Let the grant hang on a medium, in copies: what follows runs it without one."""
    before = Path(shutil.copytree(cli.home, cli.home.with_name("before")))
    (cli.folder / "Stick").mkdir()
    line = f"policy token make Stick --grant {found(cli, 'g')} --until 30d"
    assert cli.line(line).code == 0
    keep("hung")
    assert cli.line(f"grant pause {found(cli, 'g')}").code == 0
    keep("paused grant")
    shutil.rmtree(cli.folder / "Stick")
    shutil.rmtree(cli.home)
    before.rename(cli.home)


def _let_in(cli: Cli, keep: Callable[[str], None]) -> None:
    """Hold something back, and let an account of a provider in."""
    held = "hold add GreenCorp --ground LegalClaims --law 'File 12' --until 365d --field name"
    assert cli.line(held).code == 0
    keep("held")
    chosen = cli.home / "config.toml"
    chosen.touch(0o600)
    chosen.write_text('[login.work]\nissuer = "https://id.example.org"\nclient_id = "vault"\n')
    keep("trusting")
    assert cli.line("login add work 248289761001").code == 0
    keep("trusted")


def _make_a_relay(cli: Cli, keep: Callable[[str], None]) -> None:
    assert cli.line("relay init relay").code == 0
    (cli.folder / "relay" / "accounts.toml").write_text(f'"{ACCOUNT}" = 1000\n')
    keep("relayed")


def _know_somebody(cli: Cli) -> None:
    """Exchange cards with Ben, who writes a letter."""
    home = new_home(cli.folder.parent / "ben", Hands(cli.now))
    at = Hands(cli.now)
    with inside(cli.folder), opened(cli.home, at) as node, opened(home, at) as other:
        anna = ContactWork(DeviceWork(node))
        theirs = DeviceWork(other)
        theirs.begin("laptop")
        theirs.add_carrier("folder:stick")
        ben = ContactWork(theirs)
        card = ben.card("Ben").text
        anna.add(anna.read(card))
        anna.verify("Ben", " ".join(anna.read(card).words))
        ben.add(ben.read(anna.card("Anna").text))
        (cli.folder / "ben.card").write_text(card)
        (cli.folder / "ben.letter").write_text(ben.card_letter("Anna"))


def _share_with_each_other(cli: Cli, keep: Callable[[str], None]) -> None:
    """Share a folder with Ben, who shares one as well."""
    assert cli.line(EXAMPLES["share create"]).code == 0
    keep("shared")
    assert cli.line(EXAMPLES["device leave"]).code == 0  # copies of this stage have no folder
    home, at = cli.folder.parent / "ben", Hands(cli.now)
    shutil.copytree(cli.folder / "notes" / "trip", cli.folder.parent / "bens" / "trip")
    with opened(home, at) as node, opened(cli.home, at) as other:
        ben, anna = DeviceWork(node), DeviceWork(other)
        ben.create("bens")
        ben.bind("bens", cli.folder.parent / "bens")
        with inside(cli.folder), Rounds(ben) as theirs, Rounds(anna) as hers:
            theirs.run()
            shares = ShareWork(ben)
            form = ShareForm(
                people=("Anna",), objects=("bens/trip",), purposes=("ServiceProvision",)
            )
            clauses = clauses_of(form, shares, ben.devices.now())
            draft = shares.draft("album", clauses, unverified=True)
            shares.create(draft, draft.effect.digest, draft.found)
            for each in (theirs, hers, theirs, hers):
                each.run()
    keep("invited")
    for line in (EXAMPLES["share accept"], "device sync"):
        assert cli.line(line).code == 0, line
    with inside(cli.folder), opened(home, at) as node, Rounds(DeviceWork(node)) as theirs:
        theirs.run()
    assert cli.line("device sync").code == 0
    keep("taken")


def _pair_devices(cli: Cli, keep: Callable[[str], None]) -> None:
    """Make the vault a device beside another one, in copies: what follows is none."""
    before = Path(shutil.copytree(cli.home, cli.home.with_name("before")))
    (cli.folder / "notes").mkdir()
    for line in ("device begin laptop", "device place add folder:stick"):
        assert cli.line(line).code == 0, line
    phone = new_home(cli.folder / "phone", Hands(cli.now))
    stick = f"folder:{cli.folder / 'stick'}"
    with opened(cli.home, Hands(cli.now)) as first, opened(phone, Hands(cli.now)) as other:
        newcomer = DeviceWork(other)
        joined(DeviceWork(first), newcomer, "phone", place=stick)
    keep("paired")
    (cli.folder / "notes" / "a.txt").write_text("dear diary")
    (cli.folder / "notes" / "trip").mkdir()
    (cli.folder / "notes" / "trip" / "day one.txt").write_text("by the sea")
    for line in ("device keep notes", "device sync"):
        assert cli.line(line).code == 0, line
    keep("kept equal")
    for line in ("document create plan", "document edit plan --append 'The code is 4711.'"):
        assert cli.line(line).code == 0, line
    keep("written")
    _know_somebody(cli)
    keep("known")
    _share_with_each_other(cli, keep)
    shutil.rmtree(cli.home)
    before.rename(cli.home)
    for each in ("ben.card", "ben.letter"):
        (cli.folder / each).unlink()
    for each in ("notes", "stick", "phone"):
        shutil.rmtree(cli.folder / each)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one folder per stage of a story."""
    place = tmp_path_factory.mktemp("stages")
    cli = Cli(furnish(place / "now"))
    downloads = cli.folder / "Downloads"
    downloads.mkdir()
    shutil.copytree(FILES / "tracks", downloads / "tracks")
    (cli.folder / "mail.mbox").write_text(MAIL)
    (cli.folder / "rates.json").write_text("{}")
    (cli.folder / "schema.json").write_text(SCHEMA)
    (cli.folder / "notes.json").write_text(NOTES)
    kept = {}

    def keep(stage: str) -> None:
        kept[stage] = Path(shutil.copytree(cli.folder, place / stage))

    keep("empty")
    _write_cards(cli, keep)
    for line in ("init --headless", "import tracks calendar.ics"):
        assert cli.line(line).code == 0, line
    keep("filled")
    _name_a_source(cli, keep)
    _pair_devices(cli, keep)
    for line in ("app register GreenCorp --make-keys greencorp", ASKED):
        assert cli.line(line).code == 0, line
    keep("asked")
    assert cli.line(f"request approve {found(cli, 'q')}").code == 0
    keep("allowed")
    _hang_on_a_medium(cli, keep)
    assert cli.line(f"run {found(cli, 'g')} --out answer").code == 0
    keep("answered")
    with opened(cli.home, Hands(cli.now)) as node:  # a job that its process left behind
        node.rotation.begin("subject", "owner", PASSPHRASE, compromised=False, throttle=0)
    keep("turning")
    with opened(cli.home, Hands(cli.now)) as node:
        node.people.lay_down("GreenCorp", RULES, PASSPHRASE)
        rule = msgspec.json.decode(NOTES, type=CollectionForm).rule()
        node.person_records.lay_down("GreenCorp", "notes", rule, PASSPHRASE)
        node.processings.register(Caller(role="owner", token=""), "GreenCorp", TERMS)
    keep("asked of people")
    assert cli.line("policy add deny --dataset places").code == 0
    keep("ruled")
    _let_in(cli, keep)
    for line in ("backup make Backups", "backup slots Stick/slots"):
        assert cli.line(line).code == 0, line
    keep("backed up")
    shutil.rmtree(cli.home)
    keep("lost")
    _make_a_relay(cli, keep)
    return kept


ASKED = "request add examples/green-bonus --keys greencorp"
ACCOUNT = "0123456789abcdef0123456789abcdef"
IDLE = {
    "audit accept": 9,  # of use to a vault that was put back to an older one, and to no other
    "job give-up": 4,  # of use to a job that met a row which does not open
    "grant confirm": 9,  # of use after going back to an older day
}
SAID = {
    "SEALHOLD_PASSPHRASE": PASSPHRASE,
    "SEALHOLD_NEW_PASSPHRASE": "another horse",
    "SEALHOLD_SOURCE_SECRET": "swordfish",
}
SCHEMA = """\
{"fields": {
  "mail": {"category": "EmailAddress", "purposes": ["ServiceProvision"], "lookup": "email"}
}}
"""
NOTES = '{"category": "Note", "purposes": ["ServiceProvision"], "retention_days": 30}'
MAIL = """\
From ann@example.org Thu Oct  1 08:00:00 2026
From: Ann <ann@example.org>
To: Bob <bob@example.org>
Subject: The dentist called
Date: Thu, 01 Oct 2026 08:00:00 +0000
Message-ID: <1@example.org>

They moved it to Thursday.
"""


def found(cli: Cli, kind: str) -> str:
    """Return the one id of that kind that the matching list shows; a receipt's, from its answer."""
    lists = {
        "q": "request list",
        "g": "grant list",
        "r": "search dentist",
        "j": "job list",
        "p": "processing list",
        "h": "hold list",
        "z": "policy token show",
        "l": "policy list",
    }
    line = f"run {found(cli, 'g')}" if kind == "c" else lists[kind]
    shown = re.search(rf"\b{kind}-[0-9a-f]{{12}}\b", cli.line(line).out)
    assert shown is not None
    return shown[0]


@pytest.mark.parametrize("words", EXAMPLES)
def test_an_example_works_as_it_stands(words: str, stages: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(stages[NEEDS.get(words, "asked")], tmp_path / "here"))
    cli = Cli(folder)
    wanted = EXAMPLES[words]
    line = re.sub(r"\b([qgcrjphlz])-0123456789ab\b", lambda id_: found(cli, id_[1]), wanted)

    ended = cli(*shlex.split(line), env=SAID)

    if words in IDLE:
        assert ended.code == IDLE[words], ended
        return
    assert (ended.code, ended.err) == (0, ""), ended
    assert ended.out
