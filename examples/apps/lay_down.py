"""Lay down what an app may keep of its people: done once by the owner of the vault.

Use: `SEALHOLD_PASSPHRASE=... python lay_down.py URL FOLDER SCHEMA`: where the vault is served, the
folder that `sealhold app register --make-keys` made, and a file like `clinic/schema.json`.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

TRIES = 300  # to wait for a vault that is being opened, a tenth of a second each


def call(method: str, url: str, body: dict[str, object], token: str = "") -> Any:  # noqa: ANN401  # reason: JSON
    """Call the vault, and return what it answers."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    sent = Request(url, json.dumps(body).encode(), headers, method=method)  # noqa: S310  # reason: the owner's word
    with urlopen(sent, timeout=30) as answer:  # noqa: S310  # reason: the same
        return json.load(answer)


def signed_in(vault: str, passphrase: str) -> str:
    """Return a token of the owner, once the vault is there.

    Raises:
        URLError: it does not answer.
    """
    proof: dict[str, object] = {"passphrase": passphrase}
    for _ in range(TRIES):
        try:
            return str(call("POST", f"{vault}/v1/auth/sessions", proof)["token"])
        except URLError as err:
            if not isinstance(err.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    sys.exit("no vault answers at this address")


def main(vault: str, folder: str, schema: str) -> None:
    """Lay down fields and collections."""
    passphrase = os.environ["SEALHOLD_PASSPHRASE"]
    (entrance,) = Path(folder).glob("a-*.json")
    app = json.loads(entrance.read_text())["app"]
    told = json.loads(Path(schema).read_text())
    token, home = signed_in(vault, passphrase), f"{vault}/v1/apps/{app}"
    proof = {"passphrase": passphrase}
    call("PUT", f"{home}/profile-schema", {"fields": told["fields"], **proof}, token)
    for name, rules in told["collections"].items():
        call("PUT", f"{home}/collections/{name}", {**rules, **proof}, token)
    fields, collections = ", ".join(told["fields"]), ", ".join(told["collections"])
    print(f"The app may keep {fields}; and {collections}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
