"""What bends presentations: their parts, and tokens and bindings signed anew."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

from sealhold.compute.credential import KIND
from sealhold.crypto import sdjwt
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json
from tests.unit.sample_proof import AUDIENCE, LEFT, NONCE, one, sample, verify

ATTACKER = SigningKey(Secret(b"x" * 32, "attacker"))
TASK = one().task.envelope
SHOWN = one().present()
OTHER = sample(b"another vault")


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(text: str) -> tuple[str, list[str], str]:
    token, *disclosures, binding = text.split("~")
    return token, disclosures, binding


def joined(token: str, disclosures: list[str], binding: str) -> str:
    return "~".join((token, *disclosures, binding))


def jws(header: Plain, payload: Plain, key: SigningKey) -> str:
    signed = f"{b64(to_json(header))}.{b64(to_json(payload))}"
    return f"{signed}.{b64(key.sign_raw(signed.encode()))}"


def bound(token: str, disclosures: list[str], **changes: Plain) -> str:
    """Bind what is shown anew, with the holder's own key: the worst that a holder can do."""
    shown = joined(token, disclosures, "")
    payload = {
        "aud": AUDIENCE,
        "iat": (LEFT + 60_000) // 1000,
        "nonce": NONCE,
        "sd_hash": sdjwt.digest_of(shown),
        **changes,
    }
    holder = one().prover.holder(one().receipt)
    return shown + jws({"alg": "EdDSA", "typ": "kb+jwt"}, payload, holder)


def reissued(change: Callable[[dict[str, Plain]], None], key: SigningKey | None = None) -> str:
    """Sign changed claims, with the vault's own key if none is given, and bind them."""
    token, disclosures, _ = parts(SHOWN)
    payload = json.loads(unb64(token.split(".")[1]))
    change(payload)
    signed = jws({"alg": "EdDSA", "typ": KIND}, payload, key or one().prover.key)
    return bound(signed, disclosures)


def code(text: str, **more: Plain) -> int:
    return verify(text, TASK, **more).exit_code
