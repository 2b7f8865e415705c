"""What programs run in: as the owner set it, said everywhere, and never less by itself."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.broker import Mode
from sealhold.config import Settings, settings
from sealhold.model.errors import InvalidSettingsError
from tests.scenarios.pseudo_terminal import without_terminal
from tests.scenarios.vaults import PASSPHRASE, Asker, Hands, Job, allow, named, opened

HERE = Path(__file__).parent
PARANOID = '[compute]\nisolation = "paranoid"\n'
FREE = '[compute]\nisolation = "language-only"\n'


def configure(home: Path, text: str) -> None:
    path = home / "config.toml"
    path.touch(mode=0o600)
    path.write_text(text)


def waiting(home: Path) -> tuple[str, str]:
    """Let an app ask, and allow it, with nothing evaluated yet; return grant and request."""
    with opened(home, Hands()) as node:
        asker = Asker(node)
        request = asker.ask(node, Job())
        node.stop()
        return named(allow(node, request)), request


def run_in(home: Path, masked: str) -> dict[str, Any]:
    """Run something new on a masked kernel."""
    command = [sys.executable, str(HERE / "masked_vault.py"), masked, str(home), *waiting(home)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def told(filled: Path, tmp_path: Path, masked: str, config: str = "") -> dict[str, Any]:
    """Run something new on a masked kernel, in a copy of the home with this config."""
    home = Path(shutil.copytree(filled, tmp_path / "home"))
    if config:
        configure(home, config)
    return run_in(home, masked)


@pytest.mark.threat("T36")
@pytest.mark.parametrize("masked", ["landlock", "seccomp"])
def test_a_vault_on_a_kernel_that_cannot_confine_runs_nothing_and_says_so(
    filled: Path, tmp_path: Path, masked: str
) -> None:
    found = told(filled, tmp_path, masked)

    assert found["refused"].startswith("the kernel offers no ")
    assert "value" not in found
    assert found["screen"] == "Cannot be confined on this machine, so it is not run."
    assert found["warnings"] == ["programs cannot be confined here: none is run"]


@pytest.mark.threat("T36")
@pytest.mark.parametrize("masked", ["landlock", "seccomp", "nothing"])
def test_language_only_runs_and_status_screen_and_proof_say_it(
    filled: Path, tmp_path: Path, masked: str
) -> None:
    found = told(filled, tmp_path, masked, FREE)

    assert found["value"] == 10
    assert found["proof"] == "language-only"
    assert found["demanded"] == 3  # of who demands that the kernel confined it
    assert found["screen"].startswith("NOT SEALED OFF")
    assert found["status"].startswith("mode: language-only")
    assert any("WITHOUT A JAIL" in each for each in found["warnings"])


@pytest.mark.threat("T36")
def test_a_jail_is_what_the_proof_says(filled: Path, tmp_path: Path) -> None:
    found = told(filled, tmp_path, "nothing", '[compute]\nisolation = "jailed"\n')

    assert (found["value"], found["proof"], found["demanded"]) == (10, "jailed", 0)
    assert found["warnings"] == []


@pytest.mark.threat("T36")
def test_paranoid_without_namespaces_runs_nothing(filled: Path, tmp_path: Path) -> None:
    found = told(filled, tmp_path, "namespaces", PARANOID)

    assert found["refused"] == "no `paranoid` isolation on this system"
    assert found["screen"] == "Cannot be confined on this machine, so it is not run."


@pytest.mark.threat("T163")
def test_what_was_once_evaluated_without_a_jail_is_never_told_as_jailed(
    filled: Path, tmp_path: Path
) -> None:
    free = told(filled, tmp_path, "landlock", FREE)
    home = tmp_path / "home"
    (home / "config.toml").unlink()

    later = run_in(home, "nothing")

    assert free["log"].count("language-only") == 1
    assert later["status"].startswith("mode: jailed")
    assert (later["value"], later["proof"], later["demanded"]) == (10, "language-only", 3)


@pytest.mark.threat("T163")
def test_what_was_evaluated_in_a_jail_is_not_told_as_paranoid(filled: Path, tmp_path: Path) -> None:
    told(filled, tmp_path, "nothing")
    configure(tmp_path / "home", PARANOID)

    found = run_in(tmp_path / "home", "nothing")

    assert found["status"].startswith("mode: paranoid")
    assert (found["value"], found["proof"]) == (10, "jailed")


@pytest.mark.threat("T163")
def test_a_vault_that_was_paranoid_from_the_first_says_so(filled: Path, tmp_path: Path) -> None:
    found = told(filled, tmp_path, "nothing", PARANOID)

    assert (found["value"], found["proof"], found["demanded"]) == (10, "paranoid", 0)


ISSUER, CLIENT = 'issuer = "https://id.example.org"\n', 'client_id = "vault"\n'
LOGINS = {
    "no client": ISSUER,
    "no issuer": CLIENT,
    "an issuer without TLS": 'issuer = "http://id.example.org"\n' + CLIENT,
    "an issuer with a query": 'issuer = "https://id.example.org/?a=b"\n' + CLIENT,
    "an issuer with somebody before it": 'issuer = "https://a@id.example.org"\n' + CLIENT,
    "an issuer that is no text": "issuer = 1\n" + CLIENT,
    "an empty client": ISSUER + 'client_id = ""\n',
    "a client of two lines": ISSUER + 'client_id = "a\\nb"\n',
    "an unknown name": ISSUER + CLIENT + 'scope = "email"\n',
    "a text for a truth value": ISSUER + CLIENT + 'own_network = "yes"\n',
    "an empty secret": ISSUER + CLIENT + 'client_secret = ""\n',
}


@pytest.mark.threat("T163")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[compute]\nisolation = "none"\n', id="another mode"),
        pytest.param('[compute]\nisolation = "Jailed"\n', id="another letter"),
        pytest.param("[compute]\nisolation = 0\n", id="a number"),
        pytest.param("[compute]\nisolation = false\n", id="a truth value"),
        pytest.param('[compute]\nisolation = ["jailed"]\n', id="a list"),
        pytest.param('[compute]\nisolaton = "jailed"\n', id="another name"),
        pytest.param('isolation = "jailed"\n', id="no table"),
        pytest.param('[computes]\nisolation = "jailed"\n', id="another table"),
        pytest.param('compute = "jailed"\n', id="no table but a text"),
        pytest.param('[compute]\nisolation = "jailed"\nisolation = "paranoid"\n', id="twice"),
        pytest.param("[compute\n", id="no TOML"),
        pytest.param('[evidence]\nproducer = "sgx"\n', id="no producer here"),
        pytest.param("[evidence]\nproducer = 2\n", id="a producer that is no text"),
        pytest.param('[evidence]\nkind = "tpm2"\n', id="no name of evidence"),
        pytest.param('[evidence]\ntcti = "two words"\n', id="a space in the TPM's name"),
        pytest.param("[access]\napp_per_second = 0\n", id="no call at all"),
        pytest.param("[access]\napp_per_second = true\n", id="a truth value for a count"),
        pytest.param("[access]\nlookups_a_day = 1.5\n", id="a part of a lookup"),
        *(pytest.param(f"[login.work]\n{text}", id=name) for name, text in LOGINS.items()),
        pytest.param("login = 1\n", id="a login that is no table"),
        pytest.param(f"[login.Work]\n{ISSUER}{CLIENT}", id="a capital in a provider's name"),
        pytest.param(f"[login.'../x']\n{ISSUER}{CLIENT}", id="a path for a provider's name"),
        pytest.param(
            "".join(f"[login.n{n}]\n{ISSUER}{CLIENT}" for n in range(11)), id="eleven providers"
        ),
        pytest.param("\udcff", id="no text"),
    ],
)
def test_a_setting_that_is_not_understood_keeps_the_vault_shut(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(InvalidSettingsError):
        settings(tmp_path)


def test_the_owner_writes_down_whose_word_lets_people_sign_in(tmp_path: Path) -> None:
    more = '[login.home-2]\nissuer = "https://id.example.org:8443/realms/home"\n' + CLIENT
    more += 'client_secret = "s3cret"\nown_network = true\n'
    (tmp_path / "config.toml").write_text(f"[login.work]\n{ISSUER}{CLIENT}{more}")

    work, home = settings(tmp_path).logins.values()

    assert (work.name, work.issuer, work.client) == ("work", "https://id.example.org", "vault")
    assert (work.secret, work.is_near) == ("", False)
    assert (home.issuer, home.is_near) == ("https://id.example.org:8443/realms/home", True)
    assert "s3cret" not in repr(home)


def test_the_owner_chooses_how_fast_apps_may_call(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[access]\napp_per_second = 5\nlookups_a_day = 7\n")

    chosen = settings(tmp_path).access

    assert (chosen.app_per_second, chosen.token_per_second, chosen.lookups_a_day) == (5, 20_000, 7)


def test_without_a_file_and_with_an_empty_one_the_jail_is_closed(tmp_path: Path) -> None:
    assert settings(tmp_path) == Settings(isolation=Mode.JAILED)

    (tmp_path / "config.toml").write_text("# nothing\n[compute]\n")

    assert settings(tmp_path) == Settings(isolation=Mode.JAILED)


def test_the_owner_chooses_what_vouches_for_proofs(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[evidence]\nproducer = "tpm2"\ntcti = "swtpm:path=s"\n')

    assert settings(tmp_path) == Settings(producer="tpm2", tcti="swtpm:path=s")


@pytest.mark.threat("T163")
def test_a_vault_with_a_broken_setting_does_not_open(filled: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(filled, tmp_path / "home"))
    configure(home, '[compute]\nisolation = "off"\n')

    with pytest.raises(InvalidSettingsError), opened(home, Hands()):
        pass


def test_status_names_the_mode_at_the_command_line(filled: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(filled, tmp_path / "home"))
    configure(home, FREE)

    ran = without_terminal("status", folder=tmp_path, env={"SEALHOLD_PASSPHRASE": PASSPHRASE})

    assert ran.returncode == 0, ran.stderr
    assert "mode: language-only" in ran.stdout
    assert "WITHOUT A JAIL" in ran.stdout
