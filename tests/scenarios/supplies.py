"""Tasks that read third parties' files, and who signs those."""

from sealhold.compute.resources import sign_version
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain
from tests.scenarios.servers import HOST, Server
from tests.scenarios.vaults import Job

SIGNER = SigningKey(Secret(b"s" * 32, "signer"))
TABLE = b"green\nblue\n"
READS = b"""
def evaluate(obj, res):
    words = res['resources']['table'].decode().split()
    return 1 if obj['summary'].split()[0] in words else 0
"""


def pinned(url: str, content: bytes = TABLE, name: str = "table") -> Plain:
    return {
        "id": name,
        "url": url,
        "sha256": sha256(content).hex(),
        "max_bytes": 1_000,
        "refresh_s": 0,
        "max_versions": 1,
    }


def signed(url: str, versions: int = 3, name: str = "table") -> Plain:
    return {
        "id": name,
        "url": url,
        "signer": SIGNER.public.hex(),
        "max_bytes": 1_000,
        "refresh_s": 86_400,
        "max_versions": versions,
    }


def reading(*resources: Plain) -> Job:
    return Job(code=READS, resources=resources)


def give(server: Server, serial: int, content: bytes, path: str = "/table") -> str:
    url = f"https://{HOST}{path}"
    return server.give(path, sign_version(url, serial, content, SIGNER))
