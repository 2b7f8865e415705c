"""Who signs in to the sample vault through a provider: the owner, an officer, and nobody else."""

from sealhold.model.errors import DeniedError, LockedError, NotFoundError, UnboundLoginError
from sealhold.model.ids import Id16, SubjectId
from sealhold.model.logins import (
    Begun,
    CameBack,
    Entered,
    IssuerView,
    IssuerWish,
    LoginRole,
    PersonLoginView,
    WayIn,
)
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


class SamplePersonLogins(Part):
    """One app has a provider, and everybody who comes back from it is turned away."""

    def way_in(self, app_text: str) -> WayIn | None:
        return WayIn(app_name="Clinic", host="id.example.org") if app_text == PROVIDER else None

    def begin(self, app_text: str, origin: str) -> Begun:
        if app_text != PROVIDER:
            raise DeniedError("denied")
        return Begun(url=f"{URL}p&redirect_uri={origin}/me/back/{app_text}", browser=BROWSER)

    def finish(self, came: CameBack, origin: str) -> NewToken:
        raise DeniedError(f"{came.state} {origin}")

    def login(self, token: str) -> PersonLoginView | None:
        raise DeniedError(token)

    def unbind_mine(self, token: str) -> None:
        raise DeniedError(token)

    def issuer(self, token: str) -> IssuerView:
        raise DeniedError(token)

    def set_issuer(self, token: str, wish: IssuerWish) -> IssuerView:
        raise DeniedError(token + wish.issuer)

    def unset_issuer(self, token: str) -> IssuerView:
        raise DeniedError(token)

    def bind(self, token: str, id_text: str, sub: str) -> PersonLoginView:
        raise DeniedError(token + id_text + sub)

    def unbind(self, token: str, id_text: str) -> None:
        raise DeniedError(token + id_text)

    def find(self, token: str, sub: str) -> tuple[SubjectId, ...]:
        raise DeniedError(token + sub)
