"""Rules written ahead and the inbox of the sample vault: it has neither."""

from sealhold.model.errors import InvalidError, NotFoundError, WrongPassphraseError
from sealhold.model.shown.dataware import InboxLine, RuleDraft, RuleLook, RuleView, ShowingView
from tests.web.sample_state import PASSPHRASE


class SamplePolicies:
    """No rules."""

    def list(self) -> tuple[RuleView, ...]:
        return ()

    def show(self, id_text: str) -> RuleView:
        raise NotFoundError(f"no rule `{id_text}`")

    def showing(self) -> tuple[ShowingView, ...]:
        return ()

    def look(self, draft: RuleDraft) -> RuleLook:
        return RuleLook(sentence=draft.effect, matches=())

    def add(self, draft: RuleDraft, passphrase: str) -> RuleView:
        if passphrase != PASSPHRASE:
            raise WrongPassphraseError
        raise InvalidError(f"a rule that says `{draft.effect}` is not kept here")

    def remove(self, id_text: str, passphrase: str) -> RuleView:
        if passphrase != PASSPHRASE:
            raise WrongPassphraseError
        return self.show(id_text)


class SampleDataware:
    """Nothing of it."""

    @property
    def policies(self) -> SamplePolicies:
        return SamplePolicies()

    def inbox(self) -> tuple[InboxLine, ...]:
        return ()
