"""The two forms of a WebAssembly program, told by their first eight bytes; no runtime is needed.

- A core module, or a component. Text, compiled code and anything else is neither.

Source: docs/spec/19-confinement.md section 9; WebAssembly core specification, binary format.
"""

from enum import Enum

from sealhold.model.errors import NotAProgramError

_CORE, _COMPONENT = b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0"
_COMPILED = b"\x7fELF"  # what the runtime writes, and would believe


class Kind(Enum):
    """The two forms of a program."""

    CORE = "core"
    COMPONENT = "component"


# What a keeper of the tier is asked for: to compile a program of a form, or to run a compiled one.
COMPILE = {Kind.CORE: b"m", Kind.COMPONENT: b"c"}
RUN = b"r"


def kind_of(code: bytes) -> Kind:
    """Return which form `code` begins as.

    Raises:
        NotAProgramError: neither of the two.
    """
    # THREAT T140: the runtime would also take text, and would trust compiled code.
    if code.startswith(_CORE):
        return Kind.CORE
    if code.startswith(_COMPONENT):
        return Kind.COMPONENT
    if code.startswith(_COMPILED):
        raise NotAProgramError("compiled code is not taken: hand in the WebAssembly itself")
    raise NotAProgramError("not a WebAssembly module or component in its binary form")
