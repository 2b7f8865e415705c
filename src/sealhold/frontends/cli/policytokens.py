"""How a policy token is written on a terminal.

Source: docs/spec/20-faces.md section 8.
"""

from sealhold.frontends.cli.out import Facts, safe
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import rfc3339

_EFFECTS = {
    "widen": "hold only while it is there",
    "narrow": "do not hold while it is there",
}


def what_hangs(token: PolicyTokenView) -> str:
    """Return which grants and rules hang on a token."""
    named = [short(Kind.GRANT, each) for each in token.grants]
    named += [short(Kind.POLICY, each) for each in token.rules]
    return ", ".join(named) or "all grants"


def token_facts(token: PolicyTokenView) -> Facts:
    """Return a token as lines of names and values."""
    grants = what_hangs(token)
    state = token.state if token.state != "standing" else ("there" if token.present else "away")
    return Facts(
        [
            ("Token", short(Kind.TOKEN, token.id)),
            ("State", state),
            ("What it does", f"{grants} {_EFFECTS[token.effect]}"),
            ("Until", rfc3339(token.until)),
            ("Folder", safe(token.folder)),
            ("Taken in", f"{token.counter - 1}"),
        ]
    )
