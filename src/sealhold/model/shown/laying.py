"""What the owner is shown before rules of an app are laid down: what changes, and for how much.

Source: docs/spec/24-people.md section 3; docs/spec/25-records-of-people.md section 4.
"""

from dataclasses import dataclass

from sealhold.model.ids import AppId

COUNTED = 100_000  # values of one field, or records; so many stand for more as well


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One thing that would be other than it is."""

    field: str  # empty: it is of the collection as a whole
    what: str  # new | category | sensitive | term | purposes | versions | required
    before: str
    after: str
    kept: int  # values or records that are there now, `COUNTED` at most
    effect: str  # what it means for them, in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesPreview:
    """What laying down rules would do; nothing was changed."""

    app: AppId
    collection: str  # empty: the schema of profiles
    version: int  # that the rules would have
    changes: tuple[RuleChange, ...]
