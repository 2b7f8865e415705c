"""Where a provider's database is, and as whom the proxy logs in there.

- `postgresql://USER@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE`: TLS under a
  certificate that is checked, by the system's roots or by those of the file.
- `sslmode=disable` holds for addresses that are not public alone: a server on this machine, say.
- Without a user in it, the user has the name of the database.
- A password stands in the vault or in the environment, never in the address.

Source: docs/spec/59-proxy-in-a-vault.md section 6.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from sealhold.model.errors import InvalidPolicyError
from sealhold.net.dial import Server
from sealhold.protect.policy import Csp, Policy
from sealhold.protect.sql.upstream import Account, Keyring
from sealhold.vault.proxysecrets import EnvironmentAlone, ProxySecrets

PORT: Final = 5432  # of an address that names none
CHECKED, NONE = "verify-full", "disable"
_WORDS: Final = frozenset({"sslmode", "sslrootcert"})


def postgres_of(policy: Policy) -> Csp:
    """Return the one PostgreSQL server of a policy.

    Raises:
        InvalidPolicyError: it names none, or several.
    """
    found = [csp for csp in policy.csps if csp.kind == "postgres" and not csp.replica_of]
    if len(found) != 1:
        raise InvalidPolicyError(f"policy `{policy.name}` names {len(found)} PostgreSQL servers")
    return found[0]


def replicas_of(policy: Policy, of: Csp) -> tuple[Csp, ...]:
    """Return the providers that have the rows of another one, too."""
    return tuple(each for each in policy.csps if each.replica_of == of.id)


def server_of(csp: Csp) -> Server:
    """Return where a provider is, and how it is spoken to.

    Raises:
        InvalidPolicyError: the address cannot be, or its roots cannot be read.
    """
    address, words = _split(csp)
    mode = words.get("sslmode", CHECKED)
    if mode not in {CHECKED, NONE}:
        raise InvalidPolicyError(f"`sslmode` of provider `{csp.id}` is `{CHECKED}` or `{NONE}`")
    return Server(
        host=address.hostname or "",
        port=address.port or PORT,
        tls="none" if mode == NONE else "starttls",
        private=True,  # the owner named it
        roots=_roots(words["sslrootcert"], csp) if "sslrootcert" in words else "",
    )


def account_of(
    csp: Csp, secrets: ProxySecrets | EnvironmentAlone, environment: Mapping[str, str]
) -> Account:
    """Return as whom the proxy logs in, at which database.

    Raises:
        InvalidPolicyError: the address names no database.
        NotFoundError: the secret is not there.
    """
    address, _ = _split(csp)
    database = unquote(address.path.lstrip("/"))
    if not database:
        raise InvalidPolicyError(f"the address of provider `{csp.id}` names no database")
    user = unquote(address.username or "") or database
    secret = secrets.named(csp.secret, environment)
    return Account(user, database, None if secret is None else Keyring(secret))


def _split(csp: Csp) -> tuple[SplitResult, dict[str, str]]:
    try:
        address = urlsplit(csp.url)
        words = dict(parse_qsl(address.query, strict_parsing=bool(address.query)))
        named = bool(address.hostname) and (address.port or PORT) > 0
    except ValueError as err:
        raise InvalidPolicyError(f"the address of provider `{csp.id}` is none") from err
    if address.scheme not in {"postgresql", "postgres"} or not named or address.password:
        raise InvalidPolicyError(
            f"provider `{csp.id}` lies at postgresql://USER@HOST/DATABASE, without a password"
        )
    if words.keys() - _WORDS:
        raise InvalidPolicyError(f"of a provider's address only {' and '.join(sorted(_WORDS))}")
    return address, words


def _roots(path: str, csp: Csp) -> str:
    try:
        return Path(path).read_text("ascii")
    except (OSError, ValueError) as err:
        raise InvalidPolicyError(f"the roots of provider `{csp.id}` cannot be read") from err
