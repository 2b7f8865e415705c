"""A proof shown claim by claim: what it costs, what stays, and that nothing is shown uncharged."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sealhold.compute.appkit import open_answer, told_in
from sealhold.compute.compliance import commitment
from sealhold.compute.keeping import account, read_own
from sealhold.compute.leakage import bits_of_choice
from sealhold.compute.proof_rules import Policy
from sealhold.compute.verify import verify_files
from sealhold.crypto import dsse
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import (
    AuditUnavailableError,
    InvalidError,
    LeakExhaustedError,
    NotFoundError,
)
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.model.shown import AnswerView, PresentationView
from sealhold.node import Node
from tests.scenarios.vaults import (
    NOON,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    charged,
    kinds,
    named,
    new_home,
    opened,
)

SEEN = Policy(audience="a bank", nonce="7f3a", pinned=True)


@dataclass(frozen=True, kw_only=True)
class Shown(Job):
    """A job whose answers leave in the given forms of proof."""

    forms: tuple[str, ...] = ("dsse", "sd-jwt")

    def manifest(self, author: bytes) -> dict[str, Plain]:
        return {
            **super().manifest(author),
            "output": {"recipients": [], "forms": list(self.forms)},
        }


@dataclass(frozen=True)
class Left:
    """An answer that left."""

    asker: Asker
    grant: str
    answer: AnswerView

    @property
    def receipt(self) -> str:
        return f"c-{self.answer.receipt.hex()[-12:]}"


def answered(
    node: Node,
    folder: Path,
    job: Job | None = None,
    summaries: tuple[str, ...] = ("green 1", "red"),
) -> Left:
    node.sources.import_paths([calendar(folder / "c.ics", summaries)])
    asker = Asker(node)
    grant = named(allow(node, asker.ask(node, job or Shown(most=200))))
    return Left(asker, grant, node.runs.run(grant))


def present(node: Node, left: Left, *names: str, nonce: str = "7f3a") -> PresentationView:
    return node.parts.proofs.present(left.receipt, names, "a bank", nonce)


def pins(node: Node, left: Left) -> dict[str, list[bytes]]:
    return {
        "proof": [node.parts.core.keyring.signer("proof-sign").public],
        "author": [left.asker.author.public],
    }


def told(node: Node) -> MicroBits:
    return node.budgets.meters()[0].used


def test_an_opening_is_charged_once_and_the_reader_sees_that_claim_alone(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        before, price = told(node), bits_of_choice(201)

        first = present(node, left, "objects")
        second = present(node, left, "objects", "value")

        assert (first.cost, second.cost) == (price, 0)
        assert told(node) == before + price == charged(node)
        assert kinds(node)[:2] == ["proof", "proof"]
        verdict = verify_files(
            [first.presentation, first.task], pins(node, left), at=NOON, policy=SEEN
        )
        assert verdict.exit_code == 0
        shown = [check.name for check in verdict.checks if " opened " in check.name]
        assert shown == ["file 1, opened objects"]
        view = node.parts.proofs.show(left.receipt)
        open_now = {claim.name for claim in view.claims if claim.opened_at is not None}
        assert open_now == {"objects"}
        assert next(each.value for each in view.claims if each.name == "objects") == "2"


def test_what_the_app_was_told_costs_nothing_more(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        before = told(node)

        shown = present(node, left, "value", "nonce", "param", "recipient", "selection", "entry")

        assert shown.cost == 0
        assert told(node) == before
        assert kinds(node)[0] == "proof"


@pytest.mark.threat("T179")
def test_beyond_a_budget_nothing_is_shown_charged_or_written(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        before, entries = told(node), len(kinds(node))

        with pytest.raises(LeakExhaustedError, match="the budget of this app"):
            present(node, left, "log_index")

        assert (told(node), len(kinds(node))) == (before, entries)
        claims = node.parts.proofs.show(left.receipt).claims
        assert all(claim.opened_at is None for claim in claims)


@pytest.mark.threat("T179")
def test_openings_add_up_against_the_same_budget_as_answers(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path, Shown(most=400_000))  # 5 bits, of 20 for one app
        assert told(node) == 5 * MICRO

        with pytest.raises(LeakExhaustedError):
            present(node, left, "objects")

        assert present(node, left, "object_bits").cost == bits_of_choice(17)


@pytest.mark.threat("T179")
def test_if_the_log_cannot_be_written_nothing_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise AuditUnavailableError("the log cannot be written")

    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        monkeypatch.setattr(node.parts.core.writer, "commit", fail)

        with pytest.raises(AuditUnavailableError):
            present(node, left, "objects")

        monkeypatch.undo()
        assert present(node, left, "objects").cost > 0


def test_a_restart_remembers_what_is_open(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    with opened(home) as node:
        left = answered(node, tmp_path)
        present(node, left, "objects")

    with opened(home) as node:
        assert present(node, left, "objects").cost == 0


def test_an_owner_shows_a_proof_after_the_grant_ended(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        node.grants.revoke(left.grant)

        assert present(node, left, "value").cost == 0


@pytest.mark.parametrize("nonce", ["", " ", "two\nlines", "x" * 201, "é"])
def test_a_nonce_that_no_reader_can_compare_is_refused(nonce: str, tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)

        with pytest.raises(InvalidError, match="printable"):
            present(node, left, "value", nonce=nonce)


def test_a_receipt_that_is_none_has_no_proof(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node, pytest.raises(NotFoundError):
        node.parts.proofs.show("c-ffffffffffff")


def test_an_answer_of_before_there_were_credentials_says_so(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        shelf = node.parts.proofs._shelf
        older = replace(shelf.answers()[0], own=b"")
        shelf.answers = lambda: [older]  # type: ignore[method-assign]  # reason: a row of before

        with pytest.raises(NotFoundError, match="of before"):
            node.parts.proofs.show(left.receipt)


def test_the_salts_that_the_owner_keeps_open_what_the_proof_commits_to(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        kept = node.parts.proofs.show(left.receipt)

        file = json.loads(left.answer.proof)
        statement = json.loads(dsse.read_unverified(to_json(file["proof"]))[1])
        said = statement["predicate"]["commitments"]
        assert set(said) == {"account", "entry", "inputs", "provenance"}
        for name, hidden in kept.commitments.items():
            value, salt = bytes.fromhex(hidden["value"]), bytes.fromhex(hidden["salt"])
            assert commitment(value, salt).hex() == said[name]
        entry = kept.commitments["entry"]["value"]
        assert entry == node.audit.leaf_hashes()[left.answer.seq]
        sums = kept.account
        assert (
            account(sums["cost"], sums["per_object"]).hex()
            == (kept.commitments["account"]["value"])
        )
        assert sums["cost"] == left.answer.cost
        own = read_own(node.parts.proofs._shelf.answers()[0].own)
        salts = {each["salt"] for each in own["commitments"].values()}
        assert len(salts) == 4


def test_an_entry_of_the_log_beside_proof_and_receipt_must_be_theirs(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path)
        shown = present(node, left, "entry").presentation
        receipt = left.answer.owner_receipt
        right = node.audit.proof(left.answer.seq)
        wrong = node.audit.proof(left.answer.seq - 1)

    fits = verify_files([shown, receipt, right], at=NOON)
    differs = verify_files([shown, receipt, wrong], at=NOON)
    of_receipt = verify_files([receipt, wrong], at=NOON)

    assert fits.exit_code == 0
    assert [check.name for check in fits.checks if check.name.startswith("together")] == [
        "together, entry",
        "together, place",
    ]
    assert (differs.exit_code, of_receipt.exit_code) == (6, 6)
    assert "together: entry: none of the excerpts shows entry" in differs.sentence
    assert "together: place: none of the excerpts shows entry" in of_receipt.sentence


def test_an_app_that_takes_only_the_other_form_gets_a_presentation(tmp_path: Path) -> None:
    job = Shown(forms=("sd-jwt",))
    with opened(new_home(tmp_path / "home")) as node:
        left = answered(node, tmp_path, job)
        wanted = Policy(audience="https://green.example/bonus", pinned=False)

        got = open_answer(
            left.answer.sealed,
            left.asker.keys,
            node.grants.list()[0].request,
            left.asker.papers(job).digest,
        )

        assert got == left.answer.proof
        assert told_in(got)["value"] == 1
        verdict = verify_files([got], pins(node, left), at=NOON, policy=wanted)
        assert verdict.exit_code == 0


@pytest.mark.threat("T177")
def test_presentations_of_two_vaults_that_differ_in_one_object_are_equal_but_for_keys(
    tmp_path: Path,
) -> None:
    clock = Hands()
    shown = []
    for name, summaries in (("one", ("green 1", "red")), ("two", ("green a long one", "red"))):
        with opened(new_home(tmp_path / name, clock), clock) as node:
            folder = tmp_path / f"{name}.in"
            folder.mkdir()
            left = answered(node, folder, summaries=summaries)
            token, *disclosures, binding = (
                present(node, left, "value", "selection").presentation.decode().split("~")
            )
            claims, bound = (_part(each) for each in (token, binding))
            for drawn in ("_sd", "attestation", "cnf", "statement", "terms"):
                claims.pop(drawn)
            claims["keys"].clear()
            claims["task"].pop("manifest")  # names its author's key
            claims["evidence"].pop("digest")
            bound.pop("sd_hash")
            opened_claims = [_json(each)[1:] for each in disclosures]
            shown.append((claims, bound, opened_claims, len(token), len(binding)))

    assert shown[0] == shown[1]


def _part(token: str) -> dict[str, Plain]:
    found: dict[str, Plain] = _json(token.split(".")[1])
    return found


def _json(text: str) -> Plain:
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
