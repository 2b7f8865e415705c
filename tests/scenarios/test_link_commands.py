"""`sealhold share link` as its owner uses it, and whoever gets the link, through a relay."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.quantities import DAY, Instant
from tests.relaying import Place, Running, running
from tests.transcripts.cli import NOW, PASSPHRASE, Cli, Ended, furnish

PHRASE = {"SEALHOLD_LINK_PASSPHRASE": "correct horse", "SEALHOLD_PASSPHRASE": PASSPHRASE}


class Owner(Cli):
    """The program of somebody who has an account at a relay."""

    def __init__(self, folder: Path, relay: Running) -> None:
        super().__init__(furnish(folder))
        self.relay = relay
        (self.folder / "token").write_text(relay.place.account_token())
        (self.folder / "note.txt").write_text("the key is under the mat\n")
        self.at = f"--at http://127.0.0.1:{relay.address.port} --token-file token"

    def told(self, line: str, env: dict[str, str] | None = None) -> Any:  # noqa: ANN401  # reason: JSON of any form
        """Return what a command says as JSON."""
        ended = self(*line.split(), "--json", env=env)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def create(self, thing: str, more: str = "--yes", env: dict[str, str] | None = None) -> Any:  # noqa: ANN401  # reason: JSON of any form
        """Make a link."""
        return self.told(f"share link create {thing} {self.at} {more}", env)

    def saved(self, link: str, env: dict[str, str] | None = None) -> Ended:
        """Open a link into a folder of its own."""
        (self.folder / "got").mkdir(exist_ok=True)
        return self("share", "link", "open", link, "--to", "got", env=env)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    place = Place(now=NOW)
    with running(place) as relay:
        owner = Owner(tmp_path_factory.mktemp("links") / "desk", relay)
        assert owner.line("init --headless").code == 0
        assert owner.line("import tracks calendar.ics").code == 0
        yield owner


def test_a_file_is_shared_opened_counted_and_taken_back(owner: Owner) -> None:
    made = owner.create("note.txt", "--sender Ada --openings 5 --yes")
    got = owner.saved(made["link"])

    assert got.code == 0, got.err
    assert owner.saved(made["link"][:-1]).code == 5  # it is cut
    assert "T0: a copy, nothing is enforced" in got.out
    assert (owner.folder / "got" / "note.txt").read_text() == "the key is under the mat\n"
    assert owner.saved(made["link"]).code != 0  # such a file is there
    shown = owner.told(f"share link show {made['id'][:12]}")
    assert (shown["opened"], shown["state"], len(shown["times"])) == (2, "open", 2)
    assert "link" not in shown
    gone = owner.told(f"share link revoke {made['id'][:12]}")
    assert gone["state"] == "revoked"
    ended = owner.saved(made["link"])
    assert (ended.code, "taken back" in ended.err) == (3, True)
    log = owner.line("audit show --json").out
    for reason in ("begun", "made", "opened", "revoked"):
        assert f'"{reason}"' in log


def test_a_passphrase_and_an_end(owner: Owner) -> None:
    made = owner.create("note.txt", "--passphrase --until 1d --yes", PHRASE)
    wrong = owner.saved(made["link"], PHRASE | {"SEALHOLD_LINK_PASSPHRASE": "another horse"})
    assert (wrong.code, "passphrase" in wrong.err) == (3, True)
    assert owner.saved(made["link"]).code == 2  # nobody types one
    owner.relay.place.now = Instant(NOW + 2 * DAY)
    late = owner.saved(made["link"], PHRASE)
    owner.relay.place.now = NOW
    assert "its time is over" in late.err
    assert owner.told(f"share link show {made['id'][:8]}")["wrong"] == 1


def test_a_finding_is_answered_or_nothing_leaves(owner: Owner) -> None:
    before = len(owner.told("share link list"))
    record = owner.line("search dentist").out
    id_ = next(word for word in record.split() if word.startswith("r-"))
    dry = owner.create(id_, "--dry-run")
    signs = [each["sign"] for each in dry["findings"]]

    assert signs == ["sensitive"]
    refused = owner(*f"share link create {id_} {owner.at} --yes".split())
    assert (refused.code, "`sensitive`" in refused.err) == (9, True)
    other = owner(*f"share link create {id_} {owner.at} --as-shown 0 --yes".split())
    assert other.code == 9
    assert len(owner.told("share link list")) == before
    made = owner.create(id_, f"--answers sensitive --as-shown {dry['digest']} --yes")
    assert owner.saved(made["link"]).code == 0
    told = json.loads((owner.folder / "got" / made["name"]).read_text())
    assert "dentist" in json.dumps(told).lower()


def test_what_is_left_out_and_made_coarser_of_a_record_never_leaves(owner: Owner) -> None:
    id_ = next(word for word in owner.line("search dentist").out.split() if word.startswith("r-"))
    fields = json.loads(owner.create(id_, "--dry-run")["text"])
    name = next(each for each in fields if isinstance(fields[each], str) and fields[each])

    less = owner.create(id_, f"--omit {name} --as-text --dry-run")["text"]
    bad = owner(*f"share link create {id_} {owner.at} --omit nothing_of_it --dry-run".split())

    assert f"{name}:" not in less
    assert "T" in json.dumps(fields)
    assert bad.code in {0, 5}


def test_it_asks_at_a_terminal_and_a_no_shares_nothing(owner: Owner) -> None:
    line = f"share link create note.txt {owner.at}"
    before = len(owner.told("share link list"))
    no = owner(*line.split(), typed=["no"])
    nobody = owner(*line.split())
    assert len(owner.told("share link list")) == before
    yes = owner(*line.split(), typed=["yes"])

    assert (no.code, nobody.code, yes.code) == (2, 3, 0)
    assert "http://127.0.0.1" in yes.out
    assert "Label       T0: a copy, nothing is enforced" in yes.out


@pytest.mark.parametrize(
    ("thing", "more", "code"),
    [
        ("nothing.txt", "", 4),
        ("tracks", "", 4),
        ("note.txt", "--until 91d", 5),
        ("note.txt", "--until 1m", 5),
        ("note.txt", "--omit name", 5),
        ("r-0123456789ab", "", 4),
    ],
)
def test_what_cannot_be_shared_is_refused_by_name(
    owner: Owner, thing: str, more: str, code: int
) -> None:
    ended = owner(*f"share link create {thing} {owner.at} {more} --yes".split())

    assert (ended.code, ended.out) == (code, ""), ended


def test_a_host_that_is_away_is_told_and_what_was_begun_can_be_ended(owner: Owner) -> None:
    away = owner(*["share", "link", "create", "note.txt", "--at", "http://127.0.0.1:9", "--yes"])
    assert away.code == 7
    [begun] = [each for each in owner.told("share link list") if each["state"] == "begun"]
    assert begun["heard"] is False


def test_a_file_of_a_synced_collection_is_shared_from_where_it_is_synced(owner: Owner) -> None:
    (owner.folder / "letters").mkdir()
    (owner.folder / "letters" / "long.txt").write_text("a long letter\n" * 1_000)
    for line in ("device begin desk", "device keep letters", "device sync"):
        assert owner.line(line).code == 0, line
    made = owner.create("letters:long.txt")

    assert owner.saved(made["link"]).code == 0
    assert (owner.folder / "got" / "long.txt").read_text() == "a long letter\n" * 1_000
    missing = owner(*f"share link create letters:none.txt {owner.at} --yes".split())
    assert missing.code == 4
    assert owner.line("share link create note.txt --yes").code == 4  # no relay is known
    host = f"http://127.0.0.1:{owner.relay.address.port}"
    assert owner.line(f"device place add {host} --token-file token").code == 0
    assert owner.told("share link create note.txt --yes")["host"] == host
