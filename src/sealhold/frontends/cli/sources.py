"""What the commands of named sources share: how one is shown, how its account is asked for.

Source: docs/spec/36-sources.md; docs/spec/20-faces.md section 8.
"""

from collections.abc import Sequence

from sealhold.frontends.cli.opening import asked
from sealhold.frontends.cli.out import Block, Facts, Line, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import moment
from sealhold.model.encoding import Plain
from sealhold.model.errors import UsageError
from sealhold.node import SourceRow

SECRET_VARIABLE = "SEALHOLD_SOURCE_SECRET"  # noqa: S105  # reason: the name of a variable
MODES = {"archive": "kept here", "federate": "left in place"}


def settings_of(place: str, options: Sequence[str]) -> dict[str, Plain]:
    """Return the settings that a command line says.

    Raises:
        UsageError: an option is not `NAME=VALUE`.
    """
    settings: dict[str, Plain] = {"place": place}
    for each in options:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise UsageError("an option of a source is `--with NAME=VALUE`")
        settings[name] = value
    return settings


def secret_of(session: Session) -> str:
    """Return the password or token of an account, from the environment or typed.

    Raises:
        NoSecretError: neither is there.
    """
    given = session.shell.environment.get(SECRET_VARIABLE)
    return given if given is not None else asked(session, "Password or token: ")


def source_value(source: SourceRow) -> dict[str, Plain]:
    """Return a named source as JSON shows it."""
    return {
        "name": source.name,
        "kind": source.kind,
        "mode": source.mode,
        "place": source.settings.get("place"),
        "settings": {k: v for k, v in source.settings.items() if k != "place"},
        "schedule": source.schedule,
        "state": source.state or "in order",
        "why": source.why,
        "reached": source.reached,
        "due": source.due,
    }


def source_facts(source: SourceRow) -> list[Block]:
    """Return a named source as people read it."""
    facts = [
        ("Name", safe(source.name)),
        ("Kind", source.kind),
        ("Place", safe(str(source.settings.get("place", "")))),
        ("Items", MODES.get(source.mode, source.mode)),
        ("State", source.state or "in order"),
    ]
    if source.schedule:
        facts.append(("Read", source.schedule))
    if source.reached is not None:
        facts.append(("Last reached", moment(source.reached)))
    if source.due is not None:
        facts.append(("Tried again", moment(source.due)))
    blocks: list[Block] = [Facts(facts)]
    if source.why:
        blocks.append(Line(safe(source.why), "bad"))
    return blocks
