"""Chains of certificates, judged at a time that is given, up to a root that is pinned.

- No root is trusted by itself: the caller names the SHA-256 of each root it takes. The clock is an
  argument too, so a chain of last year can be judged at its own day.
- A chain is a list, leaf first and root last. No path is searched: each certificate must be issued
  by the next, by name and signature, and each but the leaf must be allowed to issue.
- A critical extension other than constraints, usage and a further name is refused. Revocation is
  not looked at.
- A certificate of AMD's has the serial number 0, of which the library warns at each reading; the
  warning is kept here.

Source: docs/spec/21-evidence.md section 3; RFC 5280 section 6.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from sealhold.crypto.digest import sha256
from sealhold.crypto.foreignsign import Curve, Hash, Scheme, verify_ecdsa, verify_rsa
from sealhold.model.errors import BadChainError, InvalidEncodingError
from sealhold.model.quantities import Instant

MAX_CERTIFICATE = 8_192  # bytes of DER; those of vendors have 500 to 1,700
MAX_CHAIN = 6  # certificates; the longest known has five

_READ = frozenset(  # of these a critical one is understood; a further name is used for nothing
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
_ECDSA = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: Hash.SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: Hash.SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: Hash.SHA512,
}
_PKCS1 = {
    SignatureAlgorithmOID.RSA_WITH_SHA256: Hash.SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384: Hash.SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512: Hash.SHA512,
}
_BROKEN = (  # what the library raises for bytes that are no certificate
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)
_quiet = Lock()  # filters of warnings are of the whole process


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What of a certificate counts here; nothing of it is verified yet."""

    der: bytes
    digest: bytes  # SHA-256 of `der`
    subject: bytes  # DER of its name
    issuer: bytes  # DER of the name of who issued it
    public: bytes  # DER of its key
    not_before: Instant
    not_after: Instant  # it still holds in this second
    path_length: int | None  # how many may stand between it and the leaf; None for no bound
    is_authority: bool
    critical: frozenset[str]  # critical extensions that are not understood here
    private: Mapping[str, bytes]  # value of each extension that the library does not know
    parsed: x509.Certificate

    @property
    def is_self_issued(self) -> bool:
        """Whether it names itself as its issuer, as roots do."""
        return self.issuer == self.subject


def read_der(der: bytes) -> Certificate:
    """Return the certificate with these bytes.

    Raises:
        InvalidEncodingError: not one certificate of version 3 in DER, or too long.
    """
    if len(der) > MAX_CERTIFICATE:
        raise InvalidEncodingError(f"a certificate of {len(der)} bytes, at most {MAX_CERTIFICATE}")
    with _quiet, warnings.catch_warnings():
        # THREAT T152: serial number 0 stands in genuine certificates and must not end a program.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            return _read(der)
        except _BROKEN as err:
            raise InvalidEncodingError("not a certificate") from err


def read_pem(text: bytes) -> tuple[Certificate, ...]:
    """Return the certificates of a PEM text in its order.

    Raises:
        InvalidEncodingError: it holds none, too many, or something else.
    """
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            found = [
                each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(text)
            ]
        except _BROKEN as err:
            raise InvalidEncodingError("not certificates in PEM") from err
    if len(found) > MAX_CHAIN:
        raise InvalidEncodingError(f"{len(found)} certificates, at most {MAX_CHAIN}")
    return tuple(read_der(der) for der in found)


def to_pem(certificates: Sequence[Certificate]) -> bytes:
    """Return the one PEM text of `certificates`, in their order."""
    return b"".join(each.parsed.public_bytes(Encoding.PEM) for each in certificates)


def check_chain(chain: Sequence[Certificate], roots: Collection[bytes], at: Instant) -> Instant:
    """Return until when `chain` holds, if at `at` it leads from its first to a pinned root.

    Args:
        chain: leaf first, root last.
        roots: the SHA-256 of each root that is trusted.
        at: the time to judge by.

    Raises:
        BadChainError: it does not.
    """
    if not 1 < len(chain) <= MAX_CHAIN:
        raise BadChainError(f"a chain of {len(chain)} certificates, from 2 to {MAX_CHAIN}")
    # THREAT T152: a chain of another product, or of anybody, ends in a root that is not pinned.
    if chain[-1].digest not in roots:
        raise BadChainError(f"the root `{chain[-1].digest.hex()[:16]}` is not pinned")
    for place, certificate in enumerate(chain):
        _holds(certificate, at)
        if place:
            _may_issue(certificate, place - 1)
    for certificate, issuer in zip(chain, (*chain[1:], chain[-1]), strict=True):
        _issued(certificate, issuer)
    if chain[0].is_authority:
        raise BadChainError("the first certificate is an authority, not a leaf")
    return Instant(min(certificate.not_after for certificate in chain))


def _read(der: bytes) -> Certificate:
    parsed = x509.load_der_x509_certificate(der)
    if parsed.version is not x509.Version.v3:
        raise InvalidEncodingError("a certificate of an old version")
    basic: x509.BasicConstraints | None = None
    usage: x509.KeyUsage | None = None
    private: dict[str, bytes] = {}
    critical: set[str] = set()
    for extension in parsed.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            basic = value
        elif isinstance(value, x509.KeyUsage):
            usage = value
        elif isinstance(value, x509.UnrecognizedExtension):
            private[extension.oid.dotted_string] = value.value
        if extension.critical and extension.oid not in _READ:
            critical.add(extension.oid.dotted_string)
    return Certificate(
        der=der,
        digest=sha256(der),
        subject=parsed.subject.public_bytes(),
        issuer=parsed.issuer.public_bytes(),
        public=parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        not_before=_instant(parsed.not_valid_before_utc),
        not_after=_instant(parsed.not_valid_after_utc),
        path_length=basic.path_length if basic else None,
        is_authority=bool(basic and basic.ca and (usage is None or usage.key_cert_sign)),
        critical=frozenset(critical),
        private=private,
        parsed=parsed,
    )


def _holds(certificate: Certificate, at: Instant) -> None:
    if at < certificate.not_before:
        raise BadChainError("a certificate is of the future")
    if at > certificate.not_after:
        raise BadChainError("a certificate expired")
    if certificate.critical:
        raise BadChainError(f"critical extension `{min(certificate.critical)}` is not known")


def _may_issue(certificate: Certificate, between: int) -> None:
    if not certificate.is_authority:
        raise BadChainError("a certificate was issued by one that may not issue")
    if certificate.path_length is not None and certificate.path_length < between:
        raise BadChainError("a chain is longer than one of its certificates allows")


def _issued(certificate: Certificate, issuer: Certificate) -> None:
    parsed = certificate.parsed
    if certificate.issuer != issuer.subject:
        raise BadChainError("a certificate names another issuer than the next in the chain")
    algorithm = parsed.signature_algorithm_oid
    covered, signature = parsed.tbs_certificate_bytes, parsed.signature
    if algorithm in _ECDSA:
        name = getattr(getattr(issuer.parsed.public_key(), "curve", None), "name", "")
        if name not in {curve.value for curve in Curve}:
            raise BadChainError("an issuer's key is of another kind than its signature")
        try:
            pair = decode_dss_signature(signature)
        except ValueError as err:
            raise BadChainError("a signature of a certificate is none") from err
        verify_ecdsa(issuer.public, covered, pair, curve=Curve(name), digest=_ECDSA[algorithm])
    elif algorithm in _PKCS1:
        digest = _PKCS1[algorithm]
        verify_rsa(issuer.public, covered, signature, scheme=Scheme.PKCS1, digest=digest)
    elif algorithm == SignatureAlgorithmOID.RSASSA_PSS:
        verify_rsa(issuer.public, covered, signature, scheme=Scheme.PSS, digest=_pss_hash(parsed))
    else:
        raise BadChainError("a certificate is signed in a way that is not taken")


def _pss_hash(parsed: x509.Certificate) -> Hash:
    try:
        how, algorithm = parsed.signature_algorithm_parameters, parsed.signature_hash_algorithm
    except _BROKEN as err:
        raise BadChainError("a certificate is signed in a way that is not taken") from err
    if (
        algorithm is None
        or algorithm.name not in {each.value for each in Hash}
        or not isinstance(how, padding.PSS)
    ):
        raise BadChainError("a certificate is signed in a way that is not taken")
    return Hash(algorithm.name)  # that salt and mask are those of `verify_rsa` shows as it verifies


def _instant(moment: datetime) -> Instant:
    return Instant(int(moment.timestamp()) * 1000)
