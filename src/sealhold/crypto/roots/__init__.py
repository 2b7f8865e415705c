"""Root providers: where a root key comes from, and what keeps epoch slots."""

from pathlib import Path
from typing import TYPE_CHECKING

from sealhold.crypto.secret import Secret
from sealhold.model.errors import ExtraMissingError
from sealhold.model.ids import Id16

if TYPE_CHECKING:
    from sealhold.crypto.roots.pkcs11 import Pkcs11Root


def on_token(module: Path, label: str, pin: Secret, vault: Id16) -> "Pkcs11Root":
    """Return the root on the token called `label`; see `pkcs11.Pkcs11Root`.

    Raises:
        ExtraMissingError: the package that speaks to tokens is not installed.
        InvalidError: `module` is not a whole path.
    """
    try:
        from sealhold.crypto.roots.pkcs11 import (  # noqa: PLC0415  reason: few need a token
            Pkcs11Root,
        )
    except ImportError as err:
        raise ExtraMissingError("a root on a token needs `sealhold[pkcs11]`") from err
    return Pkcs11Root(module, label, pin, vault)
