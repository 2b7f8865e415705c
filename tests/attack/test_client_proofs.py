"""Tokens that are bound to a client's key: a copy of the token, or of a call, is worth nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from sealhold.crypto import clientproof
from sealhold.crypto.clientproof import ClientProof
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.token import Caveat, CaveatKind, attenuate, parse
from sealhold.model.errors import BadTokenError, BusyError, DeniedError, TooFastError
from sealhold.model.principals import Asked, Presented, PrincipalKind, Proving
from sealhold.model.quantities import MINUTE, SECOND, Instant
from sealhold.vault import clients
from sealhold.vault.clients import Clients
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd

METHOD, TARGET, BODY = "PUT", "/v1/subjects/x/profile?fields=name", b'{"fields":{}}'
MINE, STRANGER = (SigningKey(Secret(bytes([n]) * 32, "client")) for n in (1, 2))


def name_of(key: SigningKey) -> str:
    return hashlib.sha256(key.public).hexdigest()


def line(
    token: str,
    key: SigningKey = MINE,
    *,
    at: int = NOON,
    nonce: int = 1,
    method: str = METHOD,
    target: str = TARGET,
    body: bytes = BODY,
) -> str:
    """Return a proof, as a client that knows nothing of our code makes it."""
    told = (str(at), f"{nonce:032x}", hashlib.sha256(body).hexdigest())
    held = hashlib.sha256(token.encode()).hexdigest()
    message = "\n".join(("sealhold/client-proof/v1", method, target, held, *told))
    signature = key.sign_raw(message.encode()).hex()
    return ".".join(("v1", key.public.hex(), *told, signature))


@dataclass
class Site:
    """A vault, a token of an app that is bound to `MINE`, and what remembers proofs."""

    many: Crowd
    token: str
    clients: Clients

    def shown(self, proof: str, token: str = "") -> Presented:
        proving = Proving(method=METHOD, target=TARGET, line=proof)
        return Presented(token or self.token, Asked(scope="profile:write", proving=proving))

    def use(self, proof: str, token: str = "") -> PrincipalKind:
        """Call once, as the API does."""
        shown = self.shown(proof, token)
        caller = self.many.principals.caller(shown)
        self.clients.take(shown, caller.token)
        self.clients.check_body(shown, parse(shown), BODY)
        return caller.kind

    def refused(self, proof: str, token: str = "") -> None:
        with pytest.raises(DeniedError, match=r"^denied$"):
            self.use(proof, token)


@pytest.fixture
def site() -> Iterator[Site]:
    with crowd() as many:
        token = attenuate(many.tokens[0], Caveat(CaveatKind.CLIENT, name_of(MINE)))
        yield Site(many, token, Clients(many.time))


@pytest.mark.threat("T438")
def test_a_stolen_token_is_of_no_use_to_another_client(site: Site) -> None:
    assert site.use(line(site.token)) is PrincipalKind.APP

    site.refused(line(site.token, STRANGER))
    site.refused("")
    with pytest.raises(DeniedError):  # nor without any proof
        site.many.principals.caller(Presented(site.token, Asked(scope="profile:write")))
    with pytest.raises(DeniedError):
        site.many.principals.caller(site.token)
    with pytest.raises(DeniedError):  # nor where no call is
        site.many.principals.acting(site.token, site.many.person())


@pytest.mark.threat("T438")
def test_a_stranger_who_names_the_key_has_not_signed_with_it(site: Site) -> None:
    mine, theirs = line(site.token).split("."), line(site.token, STRANGER).split(".")

    site.refused(".".join([*mine[:5], theirs[5]]))
    site.refused(".".join([*theirs[:5], mine[5]]))


@pytest.mark.threat("T438")
@pytest.mark.parametrize(
    "other", [{"method": "GET"}, {"target": "/v1/subjects/y/profile?fields=name"},
              {"target": "/v1/subjects/x/profile"}, {"body": b"{}"}, {"nonce": 2}, {"at": NOON + 1}]
)  # fmt: skip
def test_a_proof_of_one_call_is_none_of_another(site: Site, other: dict[str, object]) -> None:
    said = line(site.token, **other).split(".")  # type: ignore[arg-type]  # reason: one of them
    whole = line(site.token).split(".")

    site.refused(".".join([*whole[:5], said[5]]))
    if not {"nonce", "at"} & other.keys():
        site.refused(".".join(said))


@pytest.mark.threat("T438")
def test_a_proof_for_one_token_is_none_for_another(site: Site) -> None:
    narrower = attenuate(site.token, Caveat(CaveatKind.SCOPE, "profile"))

    site.refused(line(site.token), narrower)
    assert site.use(line(narrower), narrower) is PrincipalKind.APP


@pytest.mark.threat("T438")
def test_a_token_that_is_bound_to_two_keys_is_of_use_to_neither(site: Site) -> None:
    both = attenuate(site.token, Caveat(CaveatKind.CLIENT, name_of(STRANGER)))

    for key in (MINE, STRANGER):
        site.refused(line(both, key), both)


@pytest.mark.threat("T438")
def test_a_call_that_was_copied_whole_counts_once(site: Site) -> None:
    proof = line(site.token)
    site.use(proof)

    site.refused(proof)
    site.many.time.now = Instant(NOON + 29 * SECOND)
    site.refused(proof)
    site.many.time.now = Instant(NOON + 31 * SECOND)
    site.refused(proof)
    site.many.time.now = Instant(NOON + MINUTE + 1)
    site.refused(proof)
    assert site.use(line(site.token, at=NOON + MINUTE)) is PrincipalKind.APP


@pytest.mark.threat("T438")
@pytest.mark.parametrize("at", [NOON - 1, NOON + 31 * SECOND, 0, 10**13])
def test_a_proof_from_before_or_from_far_ahead_counts_for_nothing(site: Site, at: int) -> None:
    site.refused(line(site.token, at=at))  # this began at noon: what came before is not known


@pytest.mark.threat("T438")
def test_a_restart_forgets_no_proof_that_would_still_count(site: Site) -> None:
    site.many.time.now = Instant(NOON + 10 * SECOND)
    proof = line(site.token, at=NOON + 10 * SECOND)
    site.use(proof)

    site.many.time.now = Instant(NOON + 20 * SECOND)
    site.clients = Clients(site.many.time)

    site.refused(proof)


@pytest.mark.threat("T438")
def test_no_proof_is_forgotten_for_more_that_come(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "OF_ONE", 3)
    first = line(site.token)
    for nonce in range(1, 4):
        site.use(line(site.token, nonce=nonce))
    with pytest.raises(TooFastError):
        site.use(line(site.token, nonce=9))
    site.refused(first)

    monkeypatch.setattr(clients, "OF_ALL", 3)
    other = attenuate(site.many.tokens[1], Caveat(CaveatKind.CLIENT, name_of(MINE)))
    with pytest.raises(BusyError):
        site.use(line(other), other)
    site.many.time.now = Instant(NOON + MINUTE + 1)
    assert site.use(line(site.token, at=NOON + MINUTE + 1)) is PrincipalKind.APP
    assert len(site.clients._order) == 1


def test_a_token_that_is_bound_to_no_key_needs_no_proof_and_fills_nothing(site: Site) -> None:
    plain = site.many.tokens[0]

    for proof in ("", "x", line(plain), line(plain, STRANGER)):
        for _ in range(2):
            assert site.use(proof, plain) is PrincipalKind.APP
    assert not site.clients._order


@pytest.mark.threat("T438")
@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace("v1.", "v2."),
        lambda text: text.replace(f".{NOON}.", f".0{NOON}."),
        lambda text: text.replace(f".{NOON}.", ".\u0661."),
        lambda text: text[:-1],
        lambda text: text + "0" * 400,
        lambda _: "",
    ],
)
def test_a_proof_has_one_written_form(site: Site, change: object) -> None:
    changed = change(line(site.token))  # type: ignore[operator]  # reason: one of the above

    with pytest.raises(BadTokenError):
        clientproof.parse(changed)
    site.refused(changed)


@pytest.mark.threat("T438")
@pytest.mark.parametrize("part", ["key", "nonce", "body", "signature"])
def test_whatever_is_bent_in_a_proof_breaks_it(site: Site, part: str) -> None:
    whole = clientproof.parse(line(site.token))
    data: bytes = getattr(whole, part)
    end = bytes([data[-1] ^ 1])
    bent: ClientProof = replace(whole, **{part: data[:-1] + end})  # type: ignore[arg-type]  # reason: bytes

    with pytest.raises(BadTokenError):
        clientproof.check(bent, METHOD, TARGET, site.token)
    assert clientproof.check(whole, METHOD, TARGET, site.token) == name_of(MINE)
