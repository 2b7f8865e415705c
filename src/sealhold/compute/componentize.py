"""A component of tier `wasm` from an author's Python file: componentize-py, on the author's side.

- The author writes `evaluate(obj, res)` and, if they want, `aggregate(parts)`, as for tier `py`. A
  few lines of ours put JSON before it and a whole number behind it.
- The tool is never needed to run a task, and is not installed with sealhold: a component without
  imports comes out, and what was used to make it does not count.
- It works in a folder of its own, which is gone afterwards.

Source: docs/spec/08-task-manifest.md section 8; docs/spec/19-confinement.md section 9.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sealhold.compute import guest
from sealhold.model.errors import ExtraMissingError, InvalidManifestError

TOOL = "componentize-py"
VERSION = "0.25.1"
PATIENCE = 600  # seconds; it needs about 13
TOLD = 2000  # letters of what the tool said
WORLD = """\
package sealhold:task@1.0.0;

world data-task {
  export evaluate: func(obj: string, res: string) -> s64;
  export aggregate: func(parts: list<s64>) -> s64;
}
"""
GLUE = '''\
"""Between the world `data-task` and an author's functions."""

import base64
import json

import authors_task
import wit_world


def _whole(value):
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value


class WitWorld(wit_world.WitWorld):
    def evaluate(self, obj, res):
        given = json.loads(res)
        given["resources"] = {
            name: base64.b64decode(text) for name, text in given.get("resources", {}).items()
        }
        return _whole(authors_task.evaluate(json.loads(obj), given))

    def aggregate(self, parts):
        return _whole(authors_task.aggregate(list(parts)))
'''


def component_of(source: bytes) -> bytes:
    """Return the component of an author's Python file.

    Raises:
        ExtraMissingError: the tool is not installed.
        InvalidManifestError: it cannot make a component of this file, and what it says.
    """
    beside = Path(sys.executable).parent
    tool = shutil.which(TOOL) or shutil.which(TOOL, path=str(beside))
    if tool is None:
        raise ExtraMissingError(f"a component is made of Python by `{TOOL}=={VERSION}`")
    with tempfile.TemporaryDirectory(prefix="sealhold-component-") as made:
        folder = Path(made)
        lay_out(folder, source)
        command = [
            tool, "-d", "task.wit", "-w", "data-task", "componentize", "--stub-wasi",
            "glue", "-o", "task.wasm",
        ]  # fmt: skip
        try:
            subprocess.run(  # noqa: S603  reason: the author's own tool on the author's own file
                command,
                cwd=folder,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
            )
            return (folder / "task.wasm").read_bytes()
        except subprocess.CalledProcessError as err:
            said = err.stdout.decode(errors="replace").strip()[-TOLD:]
            raise InvalidManifestError(f"`{TOOL}` makes no component of it: {said}") from err
        except (OSError, subprocess.TimeoutExpired) as err:
            raise InvalidManifestError(f"`{TOOL}` made no component") from err


def lay_out(folder: Path, source: bytes) -> None:
    """Write into `folder` all that the tool reads."""
    (folder / "task.wit").write_text(WORLD)
    (folder / "glue.py").write_text(GLUE)
    (folder / "authors_task.py").write_bytes(source)
    types = folder / "sealhold" / "compute" / "guest.py"  # what an author may import
    types.parent.mkdir(parents=True)
    types.write_text(Path(guest.__file__).read_text())
