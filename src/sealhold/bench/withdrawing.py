"""How soon a withdrawal over HTTP binds the next read, while others read all the time.

- `withdraw_http_ms`: from the answer that a withdrawal is kept to the answer that refuses the next
  read of a run; the longest of all tries, while 64 connections read other people's records. Both
  answers wait for their entries in the log.

Source: docs/benchmarks.md.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sealhold.bench.harness import Bench
from sealhold.bench.served import CHOSEN, Served
from sealhold.bench.vaults import PASSPHRASE
from sealhold.model.errors import SealholdError

TRIES: Final = 20
QUICK_TRIES: Final = 3
LASTS: Final = 4.0  # seconds of the load beside them; as many tries as it has time for
QUICK_LASTS: Final = 1.0
MILLI: Final = 1_000
CODE: Final = "cc" * 32
TERMS: Final = {
    "name": "Bench",
    "code": CODE,
    "purpose": CHOSEN,
    "basis": "eu-gdpr:A6-1-a",
    "fields": ["name"],
    "retention_days": 30,
    "output_bytes": 64,
}


class _Person:
    """One of the app's people, and the run that reads them."""

    def __init__(self, at: Served) -> None:
        self._at = at
        self.subject: str = at.call("POST", "/v1/subjects")["subject"]
        self._profile = f"/v1/subjects/{self.subject}/profile"
        at.call("PUT", self._profile, {"fields": {"name": "Ada"}}, {"if-match": '"0"'})
        self._token: str = at.call("POST", f"/v1/subjects/{self.subject}/tokens")["token"]
        officer = self._as(at.owner, "POST", "/v1/officers", _proof("Officer"))["token"]
        made = at.call("POST", "/v1/processings", TERMS)
        self._processing: str = made["processing"]
        path = f"/v1/processings/{self._processing}"
        self._as(officer, "POST", f"{path}/activate")
        self._lease: str = at.call("POST", f"{path}/runs", {"code": CODE})["lease"]

    def say(self, choice: str) -> None:
        """Say yes, or take it back."""
        choices = f"/v1/subjects/{self.subject}/choices"
        shown = self._as(self._token, "GET", choices)["choices"][0]["notice"]
        body = {"choice": choice, "notice": shown}
        self._as(self._token, "PUT", f"{choices}/{self._processing}", body)

    def is_read(self) -> bool:
        """Return whether the run reads the person now."""
        heads = {"sealhold-processing": self._lease, "sealhold-purpose": CHOSEN}
        try:
            self._at.call("GET", self._profile, None, heads)
        except SealholdError:
            return False
        return True

    def _as(self, token: str, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # reason: JSON of any form
        return self._at.call(method, path, body, {"authorization": f"Bearer {token}"})


def measure_withdrawals(bench: Bench, at: Served, others: list[bytes]) -> None:
    """Take the figure; `others` are calls that read other people's records."""
    bench.say("withdraw over HTTP")
    person = _Person(at)
    lasts, tries = bench.count(int(LASTS), int(QUICK_LASTS)), bench.count(TRIES, QUICK_TRIES)
    taken: list[float] = []
    with ThreadPoolExecutor(1) as beside:
        load = beside.submit(at.load, others, lasts, 200)
        while not taken or not (load.done() or len(taken) == tries):
            person.say("allow")
            bench.check(person.is_read(), "what was allowed is refused")
            person.say("withdraw")
            began = time.perf_counter()
            is_read = person.is_read()
            taken.append(time.perf_counter() - began)
            bench.check(not is_read, "a withdrawal did not bind")
        load.result()
    bench.figures["withdraw_http_ms"] = max(taken) * MILLI


def _proof(name: str) -> dict[str, str]:
    return {"name": name, "passphrase": PASSPHRASE}
