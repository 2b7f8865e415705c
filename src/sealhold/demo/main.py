"""`sealhold demo`: make it, serve it, or walk through it and say what held.

Source: docs/howto/demo.md.
"""

import json
import shutil
import sys
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Event

from sealhold.config import home_folder
from sealhold.demo.build import PASSPHRASE, DemoFolders, build
from sealhold.demo.serve import serving
from sealhold.demo.steps import STEPS
from sealhold.model.errors import SealholdError

PORT = 8722


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line."""

    check: bool = False
    port: int = PORT
    reset: bool = False
    browser: bool = True
    as_json: bool = False


def run(options: Options) -> int:
    """Run the demo and return the exit code."""
    if options.check:
        return check(as_json=options.as_json)
    folders = DemoFolders(home_folder(None).with_name("sealhold-demo"))
    if options.reset:
        folders.remove()
    started = time.monotonic()
    made = not folders.is_ready
    if made:
        _say("Making Alice's vault from a made-up year. Nobody in it is real.")
    build(folders, _say)
    with serving(folders, options.port) as stage:
        address = f"http://localhost:{stage.port}/"
        took = f"{time.monotonic() - started:.1f} s"
        _say(f"{'Made' if made else 'Found'} in {folders.folder}, ready after {took}.")
        _say(f"{address}   (passphrase: {PASSPHRASE})   Ctrl-C ends it.")
        if options.browser and sys.stdout.isatty():
            webbrowser.open(address)
        try:
            Event().wait()
        except KeyboardInterrupt:
            _say("")
    return 0


def check(*, as_json: bool) -> int:
    """Walk through the steps in a fresh demo, and return 0 if each of them held."""
    folder = Path(mkdtemp(prefix="sealhold-demo-check-"))
    told = []
    try:
        folders = DemoFolders(folder / "demo")
        build(folders, lambda text: _say(text) if not as_json else None)
        with serving(folders, 0) as stage:
            for step in STEPS:
                started = time.monotonic()
                try:
                    facts, ok = step.run(stage), True
                except SealholdError as err:
                    facts, ok = {"error": str(err)}, False
                ms = round((time.monotonic() - started) * 1000)
                told.append({"step": step.id, "ok": ok, "ms": ms, "facts": facts})
                if not as_json:
                    _say(f"{'ok' if ok else 'NO'} {step.id} {step.title}, {ms:,} ms")
                if not ok:
                    if not as_json:
                        _say(f"   {facts['error']}")
                    break
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        _say(json.dumps(told, default=list))
    return 0 if len(told) == len(STEPS) and all(each["ok"] for each in told) else 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
