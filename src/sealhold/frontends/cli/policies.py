"""What the commands of standing rules share: how one is shown.

Source: docs/spec/39-dataware.md section 2.
"""

from sealhold.frontends.cli.out import Facts, safe
from sealhold.frontends.cli.words import short, spent_of
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.model.shown.dataware import RuleView


def rule_facts(rule: RuleView) -> list[Facts]:
    """Return a rule as people read it."""
    facts = [
        ("Rule", short(Kind.POLICY, rule.id)),
        ("Says", safe(rule.sentence)),
        ("Written", moment(rule.written_at)),
    ]
    if rule.bits:
        facts.append(("This month", spent_of(rule.told_this_month, rule.bits)))
    return [Facts(facts)]
