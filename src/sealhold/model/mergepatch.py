"""A change of a JSON value by another: members that are null go, the others come or replace.

Source: RFC 7396 section 2.
"""

from sealhold.model.encoding import Plain


def merged(target: Plain, patch: Plain) -> Plain:
    """Return `target` as `patch` changes it; neither of the two is altered."""
    if not isinstance(patch, dict):
        return patch
    changed = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = merged(changed.get(name), value)
    return changed
