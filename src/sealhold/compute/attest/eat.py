"""The token by which software speaks for itself: an EAT as CWT, signed by the device's key.

- Exactly these claims, in deterministic CBOR: nonce (10), device (256), debug state (263), profile
  (265), measurement (273), time (6), and what it is bound to, under a number for private use.
- The profile says that it is software. A token that says more, or something else, is not one.

Source: docs/spec/21-evidence.md section 8; RFC 9711; RFC 8392.
"""

from dataclasses import dataclass
from enum import IntEnum

from sealhold.crypto import cose
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.quantities import Instant

PROFILE = "urn:sealhold:eat:sw:2"
RANDOM_UEID = b"\x01"  # the type of a device name that is drawn: here the device's public key
OCTETS = 42  # the content format of a measurement: bytes
MIN_NONCE, MAX_NONCE = 8, 64  # bytes
DIGEST_BYTES = 32
LATEST = 1 << 40  # seconds


class Claim(IntEnum):
    """Numbers of the claims."""

    TIME = 6
    NONCE = 10
    DEVICE = 256
    DEBUG = 263
    PROFILE = 265
    MEASUREMENTS = 273
    BOUND = -75_010  # private use: the report data


class Debug(IntEnum):
    """The debug states of an EAT."""

    ENABLED = 0
    DISABLED = 1
    DISABLED_SINCE_BOOT = 2
    DISABLED_PERMANENTLY = 3
    DISABLED_FULLY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareToken:
    """What software says of itself."""

    made_at: Instant  # whole seconds
    nonce: bytes  # 8 to 64 bytes
    device: bytes  # 33 bytes, from the device's key
    debug: Debug
    measurement: bytes  # 32 bytes
    report_data: bytes

    @property
    def device_key(self) -> bytes:
        """The 32-byte public key that the token calls its device's."""
        return self.device[1:]

    @property
    def is_debug(self) -> bool:
        """Whether it says that it can be looked into now."""
        return self.debug is Debug.ENABLED


def device_name(public: bytes) -> bytes:
    """Return the 33-byte name of the device with this 32-byte key."""
    return RANDOM_UEID + public


def issue(token: SoftwareToken, key: SigningKey) -> bytes:
    """Return `token` as a tagged COSE_Sign1 by `key`."""
    return cose.sign(
        pack(
            {
                int(Claim.TIME): token.made_at // 1000,
                int(Claim.NONCE): token.nonce,
                int(Claim.DEVICE): token.device,
                int(Claim.DEBUG): int(token.debug),
                int(Claim.PROFILE): PROFILE,
                int(Claim.MEASUREMENTS): [[OCTETS, token.measurement]],
                int(Claim.BOUND): token.report_data,
            }
        ),
        key,
    )


def read(payload: bytes) -> SoftwareToken:
    """Return the token with these claims; who signed them is the caller's to check.

    Raises:
        InvalidEncodingError: a claim is missing, unknown, or not of its form.
    """
    tree = unpack(payload)
    # THREAT T153: a claim that is not known here could say "hardware" to somebody else.
    if not isinstance(tree, dict) or tree.keys() != set(map(int, Claim)):
        raise InvalidEncodingError("not the claims of a software token")
    match [tree[int(claim)] for claim in sorted(Claim)]:
        case [
            bytes() as bound,
            int() as made_at,
            bytes() as nonce,
            bytes() as device,
            int() as debug,
            str() as profile,
            [[int() as content, bytes() as measurement]],
        ]:
            pass
        case _:
            raise InvalidEncodingError("a claim of a software token is not of its form")
    if profile != PROFILE or content != OCTETS or len(measurement) != DIGEST_BYTES:
        raise InvalidEncodingError("a token of another profile")
    if len(device) != 1 + DIGEST_BYTES or not device.startswith(RANDOM_UEID):
        raise InvalidEncodingError("a device name of another form")
    if not MIN_NONCE <= len(nonce) <= MAX_NONCE or not 0 < made_at < LATEST:
        raise InvalidEncodingError("nonce or time of a software token is not of its form")
    if type(debug) is not int or debug not in set(map(int, Debug)):
        raise InvalidEncodingError("a debug state that there is not")
    return SoftwareToken(
        made_at=Instant(made_at * 1000),
        nonce=nonce,
        device=device,
        debug=Debug(debug),
        measurement=measurement,
        report_data=bound,
    )
