"""Who signs in to the sample vault through a provider: the owner, an officer, and nobody else."""

from sealhold.model.errors import DeniedError, LockedError, NotFoundError, UnboundLoginError
from sealhold.model.ids import Id16
from sealhold.model.logins import Begun, CameBack, Entered, LoginRole
from sealhold.model.principals import NewToken
from tests.web.sample_data import NOW
from tests.web.sample_state import Part

PROVIDER, BROWSER = "work", "b" * 43
URL = "https://id.example.org/authorize?client_id=vault&state="
TOKEN = "shv1_EbnDoRMTSEa5hRz2K1l5iw_QzsDLabWraPEEVk0HSfIMh5hgU0KYc3bQbZKGasPQU"
HOSTILE = "x'; rm -rf ~ #\u202e"


class SampleLogins(Part):
    """A state of one letter says who comes back."""

    def begin(self, name: str, origin: str) -> Begun:
        if name != PROVIDER:
            raise NotFoundError("no such provider")
        return Begun(url=f"{URL}o&redirect_uri={origin}/login/back/{name}", browser=BROWSER)

    def finish(self, came: CameBack, origin: str) -> Entered:
        if self._vault.locked:
            raise LockedError("the vault is locked")
        if came.browser != BROWSER or came.provider != PROVIDER or not origin:
            raise DeniedError("denied")
        match came.state:
            case "o":
                return Entered(role=LoginRole.OWNER)
            case "d":
                made = NewToken(id=Id16(bytes(16)), token=TOKEN, until=NOW)
                return Entered(role=LoginRole.OFFICER, token=made)
            case "u":
                raise UnboundLoginError("248289761001", PROVIDER)
            case "h":
                raise UnboundLoginError(HOSTILE, PROVIDER)
            case _:
                raise DeniedError("denied")
