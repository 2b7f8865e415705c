"""What an app loads with the client."""

import re
import subprocess
import sys


def test_the_client_loads_nothing_of_the_vault_and_no_library_of_its() -> None:
    code = "import sealhold.client, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())

    ours = {each for each in loaded if each.startswith("sealhold")}
    assert ours - {"sealhold"} == {each for each in ours if re.match(r"sealhold\.client\b", each)}
    assert not loaded & {"cryptography", "sqlcipher3", "duckdb", "starlette", "uvicorn", "cbor2"}
