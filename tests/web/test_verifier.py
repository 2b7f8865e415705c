"""The verifier page in a browser: the same lines as the command, alone, and never more than so."""

import json
import random
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from sealhold.compute.attest.kinds import Kind
from sealhold.compute.compliance import bounds_of
from sealhold.compute.leakage import bits_of_choice
from sealhold.compute.proof_rules import Policy
from sealhold.compute.ranks import multisets
from sealhold.compute.verify import verify_files
from sealhold.crypto import dsse
from sealhold.frontends.web import verifier
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidManifestError
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.shown import Verdict
from tests.attack.proofs_with_evidence import AT as HARDWARE_AT
from tests.attack.proofs_with_evidence import HARDWARE, by
from tests.unit.sample_proof import AT, AUDIENCE, NONCE, one, signed_task
from tests.web.running import running
from tests.web.sample_vault import SampleVault
from tests.web.test_look import NARROWEST, looks, violations

ALONE = verifier.FILE.as_uri()
VECTORS: list[dict[str, Any]] = json.loads(  # reason: known answers, as their file writes them
    (Path(__file__).parents[1] / "vectors" / "10-proof" / "forms.json").read_text()
)
PLAIN = [each for each in VECTORS if not each["policy"].keys() & {"evidence", "confidentiality"}]
Line = tuple[str, bool, str]


@pytest.fixture(scope="module")
def alone(browser: Browser) -> Iterator[Page]:
    """The page from the disk, watched for what it asks of the network and complains of."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    faults: list[str] = []
    context.on("request", lambda asked: faults.append(asked.url) if asked.url != ALONE else None)
    page = context.new_page()
    page.on("console", lambda said: faults.append(said.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(ALONE)
    yield page
    context.close()
    assert faults == []


def drop(page: Page, files: list[bytes], **fields: str) -> None:
    """Fill the form and choose files, as somebody would."""
    page.goto(page.url)
    for name in ("proof-key", "author-key", "audience", "nonce", "at"):
        page.locator(f"#{name}").fill(fields.get(name.replace("-", "_"), ""))
    page.locator("#files").set_input_files(
        [
            FilePayload(name=f"file {number}", mimeType="text/plain", buffer=data)
            for number, data in enumerate(files, 1)
        ]
    )
    page.locator("#verdict").wait_for()


def code_on(page: Page) -> int:
    return int(page.locator("#verdict").get_attribute("data-code") or -1)


def lines_on(page: Page) -> list[Line]:
    papers: list[list[list[str]]] = page.evaluate(
        "[...document.querySelectorAll('.paper')].map(paper => [...paper.querySelectorAll("
        "'tbody tr')].map(row => [1, 0, 2].map(place => row.children[place].textContent)))"
    )
    several = len(papers) > 1
    return [
        (f"file {number}, {name}" if several else name, state == "held", found)
        for number, paper in enumerate(papers, 1)
        for name, state, found in paper
    ]


def lines_of(verdict: Verdict) -> list[Line]:
    return [(check.name, check.held, check.detail) for check in verdict.checks]


def dropped_like(page: Page, vector: dict[str, Any]) -> None:
    keys, policy = vector["pins"], vector["policy"]
    drop(
        page,
        [each.encode() for each in vector["files"]],
        proof_key=keys.get("proof", ""),
        author_key=keys.get("author", ""),
        audience=policy.get("audience", ""),
        nonce=policy.get("nonce", ""),
        at=rfc3339(Instant(vector["at"])),
    )


@pytest.mark.parametrize("vector", PLAIN, ids=lambda each: each["name"])
def test_the_page_shows_the_lines_of_the_command(vector: dict[str, Any], alone: Page) -> None:
    pins = {role: [bytes.fromhex(key)] for role, key in vector["pins"].items()}
    files = [each.encode() for each in vector["files"]]
    verdict = verify_files(files, pins, at=Instant(vector["at"]), policy=Policy(**vector["policy"]))

    dropped_like(alone, vector)

    assert code_on(alone) == verdict.exit_code
    assert lines_on(alone) == lines_of(verdict)
    assert alone.locator("#verdict").inner_text().split("\n")[0] == verdict.sentence


def test_a_file_that_was_dropped_is_verified_at_once(alone: Page) -> None:
    alone.goto(ALONE)
    alone.locator("#at").fill(rfc3339(AT))
    dropped = alone.evaluate_handle(
        "text => { const carried = new DataTransfer();"
        " carried.items.add(new File([text], 'proof.json')); return carried }",
        one().proof().decode(),
    )

    alone.dispatch_event("body", "drop", {"dataTransfer": dropped})

    expect(alone.locator("#verdict")).to_have_attribute("data-code", "0")


@pytest.mark.threat("T175")
def test_no_flipped_bit_is_shown_as_good(alone: Page) -> None:
    shown, proof, task = one().present().encode(), one().proof(), one().task.envelope
    draw = random.Random(7)
    samples = []
    for data, beside in ((proof, []), (shown, [task]), (shown, [])):
        for _ in range(60):
            bent = bytearray(data)
            bent[draw.randrange(len(bent))] ^= 1 << draw.randrange(8)
            samples.append([bytes(bent), *beside])

    alone.goto(ALONE)
    codes = alone.evaluate(
        """async ([samples, now]) => {
            const codes = [];
            for (const files of samples) {
                const bytes = files.map((each) => unbase64(each));
                const found = await verifyAll(bytes, {proof: "", author: ""}, now, {});
                codes.push(found.papers[0].code);
            }
            return codes;
        }""",
        [[[_b64(each) for each in files] for files in samples], int(AT)],
    )

    assert set(codes) == {6}


@pytest.mark.threat("T178")
@pytest.mark.parametrize("kind", HARDWARE)
def test_evidence_that_a_browser_cannot_judge_is_said_to_be_so_and_never_good(
    kind: Kind, alone: Page
) -> None:
    proof = by(kind)

    drop(alone, [proof], at=rfc3339(HARDWARE_AT))

    (line,) = [each for each in lines_on(alone) if each[0] == "evidence"]
    assert (code_on(alone), line[1]) == (3, False)
    assert f"`{kind}` is claimed and was not judged here" in line[2]
    assert "use `sealhold verify`" in line[2]
    expect(alone.locator("#verdict")).to_contain_text("not judged here")
    expect(alone.locator("#verdict")).not_to_have_class("verdict ok")
    expect(alone.locator(".dot.warn")).to_have_text("not judged")
    assert verify_files([proof], at=HARDWARE_AT).exit_code == 3


@pytest.mark.threat("T178")
def test_a_browser_without_the_signature_verifies_nothing(browser: Browser) -> None:
    for missing in (
        "crypto.subtle.importKey = async () => { throw new Error('no such algorithm') }",
        "crypto.subtle.verify = async () => true",
        "Object.defineProperty(globalThis, 'crypto', { value: undefined })",
    ):
        context = browser.new_context()
        context.add_init_script(missing)
        page = context.new_page()
        page.goto(ALONE)
        drop(page, [one().proof()], at=rfc3339(AT))

        assert code_on(page) == 5
        expect(page.locator("#verdict")).to_contain_text("cannot check Ed25519 signatures")
        expect(page.locator(".paper")).to_have_count(0)
        context.close()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"proof_key": "abc"}, "A key has 64 hex digits."),
        ({"at": "tomorrow"}, "A time reads like 2026-11-21T14:05:00Z."),
    ],
)
def test_what_was_typed_wrong_verifies_nothing(
    fields: dict[str, str], said: str, alone: Page
) -> None:
    drop(alone, [one().proof()], **fields)

    assert code_on(alone) == 5
    expect(alone.locator("#verdict")).to_contain_text(said)


@pytest.mark.parametrize("data", [b"", b"hello", b'{"answer":17}', b"\x00\xff" * 99])
def test_what_is_no_paper_of_ours_is_said_to_be_none(data: bytes, alone: Page) -> None:
    drop(alone, [data])

    assert code_on(alone) == 5


def _aggregates() -> Iterator[tuple[dict[str, Plain], dict[str, Plain]]]:
    """Yield ranges of results, with each kind of aggregate over them."""
    steps = {"min": -3, "max": 9, "step": 3}
    listed = {"values": [0, 2, 7, 12]}
    answers = {"min": 0, "max": 31, "step": 1}
    for evaluate in (steps, listed):
        size = 5 if evaluate is steps else 4
        member = evaluate.get("max", 7)
        plain: list[tuple[str, dict[str, Plain]]] = [
            ("count", {"value": member}),
            ("distinct", {}),
            ("sum", {}),
            ("min", {}),
            ("max", {}),
            ("median", {}),
            ("quantile", {"numerator": 3, "denominator": 4}),
            ("avg", {"grid": 2}),
            ("var", {"grid": 5}),
            ("custom", {}),
        ]
        for kind, args in plain:
            for declared in (answers, {"min": -40, "max": 40, "step": 4}, {"values": [-7, 0, 90]}):
                default = declared.get("min", 0)
                yield (
                    {"range": evaluate, "default": member},
                    {"kind": kind, "args": args, "range": declared, "default": default},
                )
        for kind, args, count in (
            ("histogram", {}, multisets(size, 100)),
            ("top", {"most": 3}, multisets(size, 3)),
        ):
            declared = {"min": 0, "max": count - 1, "step": 1}
            yield (
                {"range": evaluate, "default": member},
                {"kind": kind, "args": args, "range": declared, "default": 0},
            )


def test_the_page_computes_the_same_bounds_as_the_command(alone: Page) -> None:
    alone.goto(ALONE)
    wanted, found = [], []
    slots = (
        {"seconds": 1, "mode": "ahead", "max_slots": 1},
        {"seconds": 10, "mode": "demand", "max_slots": 6},
    )
    for number, (evaluate, aggregate) in enumerate(_aggregates()):
        task = signed_task(evaluate=evaluate, aggregate=aggregate, slot=slots[number % 2])
        manifest = dsse.read_unverified(task.envelope)[1].decode()
        for coarsen in (1, 2, 7):
            try:
                wanted.append(bounds_of(task, coarsen))
            except InvalidManifestError:
                wanted.append({})
            found.append(
                json.loads(
                    alone.evaluate(
                        "([text, n]) => { try { return write(boundsOf(parse(text), BigInt(n))"
                        ".document) } catch (err) { return '{}' } }",
                        [manifest, coarsen],
                    )
                )
            )

    assert len(found) > 180
    assert found == wanted


def test_a_task_with_a_part_that_the_page_does_not_know_is_not_recomputed(alone: Page) -> None:
    alone.goto(ALONE)
    manifest = json.loads(dsse.read_unverified(one().task.envelope)[1])
    manifest["aggregate"]["noise"] = 3

    assert alone.evaluate("text => boundsOf(parse(text), 1n)", json.dumps(manifest)) is None


@pytest.mark.parametrize("number", [2, 97, 466, 10**9 + 7, 2**53 - 1, 3**200])
def test_the_page_rounds_the_bits_of_a_choice_as_the_command_does(number: int, alone: Page) -> None:
    alone.goto(ALONE)

    told = alone.evaluate("text => `${bitsOfChoice(BigInt(text))}`", str(number))

    assert int(told) == bits_of_choice(number)


@pytest.mark.parametrize("state", ["empty", "good", "bad", "none", "unjudged"])
def test_the_verifier_has_no_fault_that_axe_finds(state: str, alone: Page, axe_source: str) -> None:
    files = {
        "good": [one().present().encode(), one().task.envelope],
        "bad": [one().present(audience="somebody else").encode()],
        "none": [b"hello"],
        "unjudged": [by(Kind.TPM2)],
    }
    alone.goto(ALONE)
    if state != "empty":
        drop(alone, files[state], audience=AUDIENCE, nonce=NONCE, at=rfc3339(AT))

    found = {look: violations(alone, axe_source) for look in looks(alone)}

    assert {look: faults for look, faults in found.items() if faults} == {}


def test_the_verifier_does_not_scroll_sideways(alone: Page) -> None:
    drop(alone, [one().present().encode(), one().task.envelope], at=rfc3339(AT))
    wide = []

    for width in (NARROWEST, 390, 768, 1200):
        alone.set_viewport_size({"width": width, "height": 900})
        if alone.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(width)

    assert wide == []
    alone.set_viewport_size({"width": 1200, "height": 900})


def test_a_vault_serves_the_page_to_anybody_and_it_works_there(browser: Browser) -> None:
    with running(SampleVault()) as site:
        context = browser.new_context()
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        answer = page.goto(f"{site.url}{verifier.PATH}")

        drop(page, [one().proof()], at=rfc3339(AT))

        assert answer is not None
        assert answer.headers["content-security-policy"] == verifier.page().policy
        assert code_on(page) == 0
        assert {url for url in asked if url != f"{site.url}{verifier.PATH}"} <= {
            f"{site.url}/favicon.ico"
        }
        context.close()


def _b64(data: bytes) -> str:
    return b64encode(data).decode()
