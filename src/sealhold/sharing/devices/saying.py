"""What a member may say in a collection, by its role.

- The owner's own devices say all that there is to say.
- A device of another person says under keys of its own, in notes that are for that. An editor says
  besides what changes objects; erasing is the owner's alone.

Source: docs/spec/52-share-spaces.md section 2.
"""

from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.ops import DocOp, KeysOp, NoteOp, Operation, PlaceOp, PutOp

ASK, USE = "ask", "use"  # kinds of notes of other people's devices
SAID_BY_OTHERS = frozenset({ASK, USE})
OWN = 8  # bytes of a device's id that begin the key of such a note


def may_say(role: Role, device: bytes, op: Operation) -> bool:
    """Return whether a member of that role may say something.

    Args:
        role: what the device is certified as.
        device: its id, 16 bytes.
        op: what it says.
    """
    match role:
        case Role.ADMIN | Role.FULL | Role.LIMITED:
            return True
        case Role.EDITOR:
            return isinstance(op, PutOp | PlaceOp | KeysOp | DocOp) or _is_own_note(device, op)
        case Role.GUEST:
            # THREAT T546, T561: who may look changes nothing, and says nothing in another's name
            return _is_own_note(device, op)
        case Role.BLIND:
            return False


def _is_own_note(device: bytes, op: Operation) -> bool:
    return isinstance(op, NoteOp) and op.kind in SAID_BY_OTHERS and op.key[:OWN] == device[:OWN]


def own_key(device: bytes, rest: bytes) -> bytes:
    """Return the key of a note of another person's device; `rest` has 8 bytes."""
    return device[:OWN] + rest
