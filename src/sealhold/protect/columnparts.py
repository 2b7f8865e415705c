"""How techniques of a column are made that look at its policy or type.

Source: docs/spec/55-protected-columns.md.
"""

from typing import Any, Final
from uuid import UUID

from sealhold.crypto.secret import Secret
from sealhold.crypto.terms import EqualityTerms
from sealhold.model.clock import Entropy
from sealhold.protect.pgtypes.form import Codec, Settings
from sealhold.protect.pgtypes.types import PgType, spelled
from sealhold.protect.policy import ColumnPolicy
from sealhold.protect.techniques.match import LooseMatch, Match
from sealhold.protect.techniques.token import Token, TokenMap

_LEAST: Final = {"int2": -(2**15), "int4": -(2**31), "int8": -(2**63)}


def match_of(column: ColumnPolicy, key: Secret) -> Match:
    """Return the equality terms of a column."""
    fold = column.fold != "none"
    if fold or column.bits:
        return LooseMatch(EqualityTerms(key, column.bits), bits=column.bits, fold=fold)
    return Match(EqualityTerms(key))


def token_of(kept: TokenMap, entropy: Entropy, type_: PgType, form: Codec[Any]) -> Token:
    """Return the tokens of a column of that type."""
    settings = Settings()
    return Token(
        kept,
        entropy,
        lambda value: form.to_text(value, settings).decode(),
        lambda text: form.to_binary(text.encode(), settings),
        spelled(type_),
        _never(type_, form, settings),
    )


def _never(type_: PgType, form: Codec[Any], settings: Settings) -> bytes:
    """Return the value of a type that is the token of none."""
    if type_.name in _LEAST:
        said = str(_LEAST[type_.name])
    else:
        said = {"numeric": "NaN", "uuid": str(UUID(int=0))}.get(type_.name, "\1")
    return form.to_binary(said.encode(), settings)
