"""How a value is refused: by PostgreSQL's own rules, or since the proxy cannot handle it.

- A `PgValueError` says what the server would have said, to the client that sent the value or may
  read it. Its message may hold the value. So it is no `SealholdError`: nothing that logs those,
  or answers others with them, can come by it.
- A `TypeRefusedError` says what the proxy does not do. It holds no value.

Source: docs/spec/57-values-and-residuals.md section 2; PostgreSQL 15, appendix A.
"""

from typing import Final

from sealhold.model.errors import InvalidError

TEXT_REPRESENTATION: Final = "22P02"
BINARY_REPRESENTATION: Final = "22P03"
OUT_OF_RANGE: Final = "22003"
TOO_LONG: Final = "22001"
DATETIME_FORMAT: Final = "22007"
DATETIME_OVERFLOW: Final = "22008"
ZONE_DISPLACEMENT: Final = "22009"
INVALID_PARAMETER: Final = "22023"
NOT_IN_REPERTOIRE: Final = "22021"
UNTRANSLATABLE: Final = "22P05"
DIVISION_BY_ZERO: Final = "22012"
TOO_COMPLEX: Final = "54001"


class PgValueError(Exception):
    """A value that PostgreSQL refuses, with its SQLSTATE and message."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message


class TypeRefusedError(InvalidError):
    """A type or value that the proxy cannot handle as the server would.

    Remedy: cast to a type that docs/spec/57-values-and-residuals.md lists, write dates in ISO form,
    or leave the column clear.
    """


class MalformedError(PgValueError):
    """Text is none of the type that PostgreSQL calls `name`."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(TEXT_REPRESENTATION, f'invalid input syntax for type {name}: "{text}"')


class MalformedTimeError(PgValueError):
    """Text is no date, time or interval, as PostgreSQL calls it by `name`."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(DATETIME_FORMAT, f'invalid input syntax for type {name}: "{text}"')


class BadBinaryError(PgValueError):
    """Bytes are no binary form of their type."""

    def __init__(self) -> None:
        super().__init__(BINARY_REPRESENTATION, "incorrect binary data format")


class DivisionByZeroError(PgValueError):
    """A number is divided by zero."""

    def __init__(self) -> None:
        super().__init__(DIVISION_BY_ZERO, "division by zero")


class NumericOverflowError(PgValueError):
    """A number has more digits than numeric can hold."""

    def __init__(self) -> None:
        super().__init__(OUT_OF_RANGE, "value overflows numeric format")
