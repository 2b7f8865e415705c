"""Masked columns with techniques that keep something elsewhere: that is not asked either."""

import pytest

from sealhold.protect.explain import unkeyed, without_key
from sealhold.protect.masking import masked_columns
from sealhold.protect.policy import (
    ColumnPolicy,
    Csp,
    Mask,
    Policy,
    Role,
    TablePolicy,
)
from sealhold.protect.sql.explaining import explain_statements
from tests.planned import CountingEntropy

COLUMNS = (
    ColumnPolicy(name="id", type="integer", protect=("clear",)),
    ColumnPolicy(name="text", type="text", protect=("words",)),
    ColumnPolicy(
        name="level", type="integer", protect=("range-hidden",), range=(0, 99), buckets=16
    ),
    ColumnPolicy(name="fee", type="integer", protect=("he-sum",)),
    ColumnPolicy(name="pan", type="text", protect=("token",)),
)
MASKS = tuple(Mask(column=f"note.{each.name}", show="nothing") for each in COLUMNS[1:])
SHOWN = tuple(
    Mask(column=f"note.{name}", show=show)
    for name, show in (("text", "initial"), ("level", "range:10"), ("fee", "range:10"),
                       ("pan", "last4"))
)  # fmt: skip
STATEMENTS = (
    "SELECT id FROM note WHERE text @@ to_tsquery('simple', 'fever')",
    "SELECT id FROM note WHERE to_tsvector('simple', text) @@ plainto_tsquery('simple', $1)",
    "SELECT id FROM note WHERE sealhold_word(text, 'fever')",
    "SELECT id FROM note WHERE NOT text @@ to_tsquery('simple', 'fever')",
    "DELETE FROM note WHERE text @@ to_tsquery('simple', 'fever')",
    "UPDATE note SET id = 3 WHERE level BETWEEN 3 AND 5 RETURNING id",
    "SELECT id FROM note WHERE level = 3",
    "SELECT id FROM note WHERE level > $1",
    "SELECT count(*) FROM note WHERE level BETWEEN 3 AND 5",
    "SELECT sum(fee) FROM note",
    "SELECT avg(fee) FROM note WHERE id > 3",
    "SELECT id, sum(fee) FROM note GROUP BY id",
    "SELECT id FROM note WHERE fee > 3",
    "SELECT id FROM note WHERE pan = '4111'",
    "SELECT count(DISTINCT pan) FROM note",
    "SELECT text_s, level_s, fee_s FROM note",
    "SELECT _sh_rid FROM note",
)


def policy(masks: tuple[Mask, ...]) -> Policy:
    return Policy(
        name="clinic",
        version=1,
        csps=(
            Csp(id="a", kind="postgres", url="postgresql://clinic@db.example.org/clinic"),
            Csp(id="s", kind="agent", url="https://db.example.org:8724", secret="env:AGENT"),
        ),
        tables=(TablePolicy(dataset="clinic", name="note", csps=("a", "s"), columns=COLUMNS),),
        roles=(Role(name="desk", users=("bo",), masks=masks),),
    )


@pytest.mark.threat("T734")
@pytest.mark.parametrize("masks", [MASKS, SHOWN], ids=["nothing", "something"])
@pytest.mark.parametrize("text", STATEMENTS)
def test_nothing_beside_a_masked_column_is_asked(text: str, masks: tuple[Mask, ...]) -> None:
    whole = policy(masks)
    columns = unkeyed(whole, CountingEntropy())
    found = masked_columns(whole, whole.roles[0], columns, without_key())

    (bare,) = explain_statements(whole, columns, text)
    (said,) = explain_statements(whole, columns, text, "desk", found)

    assert said.refused is not None
    assert said.csp == ()
    if bare.refused is None:
        assert said.refused.code == "SH007"
