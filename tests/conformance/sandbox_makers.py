"""Which sandboxes the suite is run on. A plug-in joins by the entry point group below.

Each maker returns a sandbox, and comes with the programs that it takes; what runs Python source
takes `PYTHON`.
"""

from collections.abc import Callable
from importlib.metadata import entry_points

from sealhold.compute.sandboxes.monty import MontySandbox
from sealhold.compute.sandboxes.wasm import WasmSandbox
from sealhold.compute.spec import Sandbox
from tests.conformance.programs import COMPONENT, CORE, PYTHON, Programs

GROUP = "sealhold.sandboxes.conformance"
MAKERS: dict[str, tuple[Callable[[], Sandbox], Programs]] = {
    "monty": (MontySandbox, PYTHON),
    "wasm core": (WasmSandbox, CORE),
    "wasm component": (WasmSandbox, COMPONENT),
    **{point.name: point.load() for point in entry_points(group=GROUP)},
}
