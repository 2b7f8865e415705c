"""Rules written ahead, the inbox and the media of the sample vault."""

from dataclasses import replace

from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import (
    Collection,
    FieldName,
    Id16,
    Kind,
    Purpose,
    RequestId,
    parse_id,
)
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import DAY, HOUR, Instant, MicroBits
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import (
    Difference,
    InboxLine,
    ListedDataset,
    RuleChoices,
    RuleDraft,
    RuledView,
    RuleLook,
    RuleMatch,
    RuleView,
    ShowingView,
)
from tests.web.sample_asking import SampleRequests
from tests.web.sample_data import NOW, grant_id, id_of
from tests.web.sample_state import PASSPHRASE, Part, SampleState

EFFECTS = {"allow", "ask", "deny", "show"}


class SamplePolicies(Part):
    """The owner's rules."""

    def list(self) -> tuple[RuleView, ...]:
        return tuple(self._vault.rules)

    def show(self, id_text: str) -> RuleView:
        tail = parse_id(Kind.REQUEST, id_text)
        for rule in self._vault.rules:
            if rule.id.endswith(tail):
                return rule
        raise NotFoundError(f"no rule `{id_text}`")

    def showing(self) -> tuple[ShowingView, ...]:
        trips = ListedDataset(name=Collection("trips"), schema="ab" * 8, freshness="still")
        return tuple(
            ShowingView(app=app.id, app_name=app.name, datasets=(trips,) if not number else ())
            for number, app in enumerate(self._vault.app_views.values())
        )

    def choices(self) -> RuleChoices:
        columns = (FieldName("mode"), FieldName("speed"))
        return RuleChoices(
            datasets={Collection(name): columns for name in ("events", "messages", "trips")},
            purposes={
                Purpose("EmployeeBenefits"): "give staff a benefit",
                Purpose("Marketing"): "sell something",
            },
        )

    def look(self, draft: RuleDraft) -> RuleLook:
        if draft.effect not in EFFECTS:
            raise InvalidError("a rule says one of `allow`, `ask`, `deny`, `show`")
        if draft.effect in {"allow", "show"} and not (draft.apps or draft.processors):
            raise InvalidError("a rule that allows or shows names an app")
        matches = tuple(
            RuleMatch(
                request=card.id,
                asker=card.asker.name,
                label=card.answer.label,
                state=card.state,
                grant=card.grant if card.state is RequestState.ALLOWED else None,
                then="ask" if draft.effect == "show" else draft.effect,
            )
            for card in self._vault.cards.values()
        )
        return RuleLook(sentence=self._sentence(draft), matches=matches)

    def add(self, draft: RuleDraft, passphrase: str) -> RuleView:
        self.look(draft)
        if passphrase != PASSPHRASE:
            raise WrongPassphraseError
        rule = RuleView(
            id=id_of(f"rule {len(self._vault.rules)}"),
            effect=draft.effect,
            sentence=self._sentence(draft),
            written_at=NOW,
            bits=draft.bits,
            told_this_month=MicroBits(0),
            answered=(),
        )
        self._vault.rules.append(rule)
        return rule

    def remove(self, id_text: str, passphrase: str) -> RuleView:
        rule = self.show(id_text)
        if passphrase != PASSPHRASE:
            raise WrongPassphraseError
        self._vault.rules.remove(rule)
        return rule

    def _sentence(self, draft: RuleDraft) -> str:
        apps = {app.id.hex(): app.name for app in self._vault.app_views.values()}
        named = [apps.get(each.replace("-", ""), each) for each in draft.apps + draft.processors]
        return f"{draft.effect.capitalize()} {', '.join(named) or 'anybody'}: " + (
            ", ".join(draft.datasets) or "any dataset"
        )


class SampleTokens(Part):
    """Media that grants hang on."""

    def all(self) -> tuple[PolicyTokenView, ...]:
        return tuple(self._vault.media)

    def revoke(self, id_text: str, passphrase: str = "") -> PolicyTokenView:
        tail = parse_id(Kind.TOKEN, id_text)
        for number, token in enumerate(self._vault.media):
            if token.id.endswith(tail):
                if token.state == "revoked":
                    raise ConflictError("this policy token was revoked before")
                if token.effect == "narrow" and passphrase != PASSPHRASE:
                    raise WrongPassphraseError
                self._vault.media[number] = replace(token, state="revoked")
                return self._vault.media[number]
        raise NotFoundError(f"no policy token `{id_text}`")


class SampleDataware(Part):
    """Access by third parties."""

    @property
    def policies(self) -> SamplePolicies:
        return SamplePolicies(self._vault)

    @property
    def tokens(self) -> SampleTokens:
        return SampleTokens(self._vault)

    def inbox(self) -> tuple[InboxLine, ...]:
        lines = SampleRequests(self._vault).list()
        return tuple(
            InboxLine(
                request=line,
                former=RequestId(line.id),
                new=(
                    Difference(what="retention_days", before="7 days", now="30 days"),
                    Difference(
                        what="destination",
                        before="GreenCorp",
                        now=f"GreenCorp payroll, https://hr.example{self._vault.stranger}",
                    ),
                ),
            )
            for line in lines
            if line.state is RequestState.WAITING
        )


def rules(stranger: str) -> list[RuleView]:
    """Return two rules, of which one has answered."""
    answered = RuledView(
        request=RequestId(id_of("green bonus")),
        effect="allow",
        at=Instant(NOW - HOUR),
        bits=MicroBits(5_000_000),
        state=RequestState.ALLOWED,
    )
    return [
        RuleView(
            id=id_of("never location"),
            effect="deny",
            sentence="Deny anybody: places, trips; columns lat, lon",
            written_at=Instant(NOW - 40 * DAY),
            bits=MicroBits(0),
            told_this_month=MicroBits(0),
            answered=(),
        ),
        RuleView(
            id=id_of("tax office"),
            effect="allow",
            sentence=f"Allow Tax office{stranger}: bookings; up to 8 bits a month",
            written_at=Instant(NOW - 9 * DAY),
            bits=MicroBits(8_000_000),
            told_this_month=MicroBits(5_000_000),
            answered=(answered,),
        ),
    ]


def media(stranger: str) -> list[PolicyTokenView]:
    """Return a medium that is there, and one that keeps everything out."""
    return [
        PolicyTokenView(
            id=Id16(id_of("medium 1")),
            state="standing",
            effect="widen",
            grants=(grant_id("Desk assistant"),),
            until=Instant(NOW + 30 * DAY),
            folder=f"/media/alice/KEYRING{stranger}",
            counter=4,
            has_medium=True,
            present=True,
        ),
        PolicyTokenView(
            id=Id16(id_of("medium 2")),
            state="standing",
            effect="narrow",
            grants=(),
            until=Instant(NOW + 3 * DAY),
            folder="/media/alice/GUESTS",
            counter=1,
            has_medium=False,
            present=False,
        ),
    ]


def furnish(vault: SampleState, stranger: str) -> None:
    """Give a sample vault its rules and media."""
    vault.rules = rules(stranger)
    vault.media = media(stranger)
