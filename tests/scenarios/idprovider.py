"""A small OpenID provider on loopback, behind a certificate of its own; and how it can misbehave.

- It does what OpenID Connect Core and RFC 7636 ask of one: exact addresses to come back to, a code
  that is good once and for its verifier, an ID token signed with a published key.
- A test bends what it says of itself, what it signs and with what, and where it sends a browser.
"""

import hashlib
import hmac
import json
import ssl
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sealhold.model.errors import NotFetchedError
from sealhold.model.logins import Address, Provider
from sealhold.model.quantities import SECOND, Instant
from sealhold.net.fetch import Said, Way, fetch
from tests.scenarios.servers import certificate

CLIENT, ACCOUNT = "vault-client", "248289761001"
Json = dict[str, Any]


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int, width: int) -> str:
    return text(value.to_bytes(width, "big"))


@dataclass(frozen=True)
class Signer:
    """A key pair of a provider, with what it publishes of it."""

    alg: str
    jwk: Json
    sign: Callable[[bytes], bytes]


@cache
def es256(name: str = "e1") -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_numbers()

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    jwk = {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)}
    return Signer("ES256", {**jwk, "kid": name, "use": "sig"}, sign)


@cache
def rsa_signer(alg: str, name: str) -> Signer:
    key = rsa.generate_private_key(65_537, 2_048)
    public = key.public_key().public_numbers()

    def sign(data: bytes) -> bytes:
        how = (
            padding.PKCS1v15() if alg == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        )
        return key.sign(data, how, hashes.SHA256())

    jwk = {"kty": "RSA", "n": number(public.n, 256), "e": number(public.e, 3), "alg": alg}
    return Signer(alg, {**jwk, "kid": name, "use": "sig"}, sign)


@cache
def eddsa(name: str = "o1") -> Signer:
    key = ed25519.Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().public_bytes_raw())}
    return Signer("EdDSA", {**jwk, "kid": name}, key.sign)


def hs256(secret: bytes, name: str) -> Signer:
    """Return a signer with a keyed hash, under the name of a public key: an old trick."""
    return Signer("HS256", {"kid": name}, lambda data: hmac.digest(secret, data, "sha256"))


def unsigned(name: str = "e1") -> Signer:
    return Signer("none", {"kid": name}, lambda _: b"")


def to_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


def compact(head: object, claims: object, signer: Signer) -> str:
    """Return a token in its written form; bytes are taken as they are."""
    parts = [each if isinstance(each, bytes) else to_bytes(each) for each in (head, claims)]
    signed = ".".join(map(text, parts))
    return f"{signed}.{text(signer.sign(signed.encode()))}"


@dataclass
class IdProvider:
    """One provider: who is signed in there, what it signs, and how it is bent."""

    port: int
    roots: str
    clock: Callable[[], Instant]
    signer: Signer = field(default_factory=es256)
    published: list[Json] | None = None  # None: the signer's key
    account: str = ACCOUNT
    secret: str = ""
    backs: set[str] = field(default_factory=set)  # where a browser may be sent back to
    codes: dict[str, Json] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # method and path of each request
    bend_described: Callable[[Json], object] = lambda said: said
    bend_claims: Callable[[Json], object] = lambda claims: claims
    bend_head: Callable[[Json], object] = lambda head: head
    bend_tokens: Callable[[Json], object] = lambda given: given
    bend_answer: Callable[[Json], Json] = lambda answer: answer
    forgets_codes: bool = True  # a code is good once

    @property
    def issuer(self) -> str:
        return f"https://localhost:{self.port}"

    def provider(self, name: str = "work", **other: Any) -> Provider:  # noqa: ANN401  # reason: fields
        made: Json = {"issuer": self.issuer, "client": CLIENT, "is_near": True, **other}
        return Provider(name=name, **made)

    def authorized(self, url: str) -> Json:
        """Return what a browser brings back that went to `url`, as the form of our page has it."""
        query = dict(
            each.split("=", 1) for each in urlsplit(self.sent_back(url)).query.split("&") if each
        )
        return {name: unquote_plus(value) for name, value in query.items()}

    def sent_back(self, url: str) -> str:
        """Return where a browser is sent that went to `url`.

        Raises:
            ValueError: to nowhere.
        """
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        if asked["redirect_uri"] not in self.backs or asked["client_id"] != CLIENT:
            raise ValueError("an address that is not registered")
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "openid"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(self.bend_answer(answer))}"

    def described(self) -> object:
        return self.bend_described(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [self.signer.alg],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def tokens(self, form: Mapping[str, str], authorization: str) -> object | None:
        """Return what a code is exchanged for; None: nothing."""
        find = self.codes.pop if self.forgets_codes else self.codes.get
        asked = find(form.get("code", ""), None)
        if asked is None or form.get("grant_type") != "authorization_code":
            return None
        if self.secret:
            pair = b64decode(authorization.removeprefix("Basic ")).decode()
            if pair != f"{CLIENT}:{self.secret}":
                return None
        challenge = text(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        now = self.clock() // SECOND
        claims = {
            "iss": self.issuer,
            "sub": self.account,
            "aud": CLIENT,
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
        }
        head = self.bend_head({"alg": self.signer.alg, "kid": self.signer.jwk["kid"]})
        id_token = compact(head, self.bend_claims(claims), self.signer)
        return self.bend_tokens(
            {"access_token": "never-used", "token_type": "Bearer", "id_token": id_token}
        )

    def keys(self) -> Json:
        return {"keys": [self.signer.jwk] if self.published is None else self.published}

    def said(self, method: str, path: str, form: str = "", authorization: str = "") -> bytes | None:
        """Return what is answered to a program; None: nothing."""
        self.asked.append((method, path))
        match method, urlsplit(path).path:
            case "GET", "/.well-known/openid-configuration":
                told = self.described()
            case "GET", "/jwks":
                told = self.keys()
            case "POST", "/token":
                values = {name: each[0] for name, each in parse_qs(form).items()}
                told = self.tokens(values, authorization)
            case _:
                return None
        return told if isinstance(told, bytes | None) else json.dumps(told).encode()

    def spoken(self, address: Address, most: int, form: bytes, authorization: str) -> bytes:
        """Speak to this provider without a socket, so that tests of many lies are quick."""
        assert (address.host, address.port) == ("localhost", self.port)
        method = "POST" if form else "GET"
        told = self.said(method, address.path, form.decode(), authorization)
        if told is None or len(told) > most:
            raise NotFetchedError("no", reason="status")
        return told

    def fetched(self, address: Address, most: int, form: bytes, authorization: str) -> bytes:
        """Speak to this provider as the vault does, but for the certificate that is trusted."""
        way = Way(port=address.port, loopback=address.is_near, roots=self.roots, total=15.0)
        said = Said(
            accept="application/json", form=form, authorization=authorization, port=address.port
        )
        return fetch(address.host, address.path, most, None, way, said)


class _Answers(BaseHTTPRequestHandler):
    provider: IdProvider

    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/authorize":
            self._say(self.provider.said("GET", self.path))
            return
        self.provider.asked.append(("GET", self.path))
        self.send_response(302)
        self.send_header("location", self.provider.sent_back(self.path))
        self.end_headers()

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        authorization = self.headers.get("authorization", "")
        self._say(self.provider.said("POST", self.path, form, authorization))

    def _say(self, body: bytes | None) -> None:
        if body is None:
            self.send_error(400)
            return
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # reason: its name
        del format, args


@contextmanager
def identities(folder: Path, clock: Callable[[], Instant]) -> Iterator[IdProvider]:
    """Serve a provider on a free port for as long as the block runs."""
    path, roots = certificate(folder, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    answers = type("Answers", (_Answers,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    provider = IdProvider(port=server.server_port, roots=roots, clock=clock)
    answers.provider = provider  # type: ignore[attr-defined]  # reason: of this server alone
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
