"""What a step of the story works with: the faces over HTTP, the other side's keys, a subprocess.

- Steps know no part of the vault: what they cannot reach through a face, they cannot check.

Source: docs/howto/demo.md.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from sealhold.demo.build import PASSPHRASE, DemoFolders
from sealhold.model.errors import SealholdError

Json = Any  # reason: a JSON tree, as it comes
Facts = Mapping[str, Json]
TIMEOUT = 120.0


class StepFailedError(SealholdError):
    """A step of the demo did not hold.

    Remedy: start over with `sealhold demo --reset`; if it fails again, report it.
    """


@dataclass(slots=True)
class Stage:
    """The running demo."""

    folders: DemoFolders
    port: int
    label: str
    token: str = ""
    cookie: str = ""
    calls: int = 0
    kept: dict[str, Json] = field(default_factory=dict)  # what one step leaves for the next

    def api(self, method: str, path: str, body: Json = None, token: str | None = None) -> Json:
        """Call the API and return its JSON, or its bytes where it gives bytes.

        Raises:
            StepFailedError: any status but success.
        """
        status, answer = self.call(method, path, body, token)
        if status >= 400:  # noqa: PLR2004  # reason: the classes of HTTP
            raise StepFailedError(f"{method} {path} answered {status}")
        return answer

    def call(
        self,
        method: str,
        path: str,
        body: Json = None,
        token: str | None = None,
    ) -> tuple[int, Json]:
        """Call the API and return the status and what came."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        headers = {"Authorization": f"Bearer {token or self.token}"}
        headers["Host"] = f"localhost:{self.port}"
        content = None
        if body is not None:
            content = json.dumps(body)
            headers["Content-Type"] = "application/json"
        if method == "POST":
            self.calls += 1
            headers["Idempotency-Key"] = f"step-{self.calls}"
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        if "json" in response.headers.get("content-type", ""):
            return response.status, json.loads(data)
        return response.status, data

    def page(self, path: str) -> str:
        """Return a page as a browser without script reads it, after unlocking with the form.

        Raises:
            StepFailedError: any status but success.
        """
        if not self.cookie:
            gate = self._page("GET", "/unlock")
            token = gate.partition('name="csrf" value="')[2].partition('"')[0]
            self._page("POST", "/unlock", {"csrf": token, "passphrase": PASSPHRASE})
        return self._page("GET", path)

    def _page(self, method: str, path: str, form: Mapping[str, str] | None = None) -> str:
        host = f"{self.label}.localhost:{self.port}"
        headers = {"Host": host, "Cookie": self.cookie, "Origin": f"http://{host}"}
        content = None
        if form is not None:
            content = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        set_cookie = response.headers.get("set-cookie")
        if set_cookie:
            self.cookie = set_cookie.partition(";")[0]
        if response.status >= 400:  # noqa: PLR2004  # reason: the classes of HTTP
            raise StepFailedError(f"{method} {path} answered {response.status}")
        return text

    def sign_in(self) -> None:
        """Get the owner's token."""
        answer = self.api("POST", "/v1/auth/sessions", {"passphrase": PASSPHRASE})
        self.token = answer["token"]

    def run(self, *arguments: str, home: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own, which has nothing of this one."""
        environment = {"PATH": os.environ.get("PATH", ""), "SEALHOLD_PASSPHRASE": PASSPHRASE}
        if home is not None:
            environment["SEALHOLD_HOME"] = home
        return subprocess.run(  # noqa: S603  # reason: our own interpreter and module
            [sys.executable, "-m", "sealhold", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            timeout=TIMEOUT,
            check=False,
        )


def hold(condition: bool, what: str) -> None:  # noqa: FBT001  # reason: reads as an assertion
    """Go on if the condition holds.

    Raises:
        StepFailedError: it does not.
    """
    if not condition:
        raise StepFailedError(what)
