"""One call, or several, of each function of the client, with everything that can be said in it."""

from collections.abc import Callable, Mapping

from sealhold.client import (
    attachments,
    breaches,
    cases,
    choices,
    holds,
    logins,
    office,
    people,
    processings,
    records,
    rights,
)
from sealhold.client.answers import (
    Attachment,
    Person,
    Profile,
    Reason,
    Record,
    RecordHead,
)
from sealhold.client.call import Call, Pages, Stream
from sealhold.client.said import Choice, Run, Terms
from sealhold.client.tokens import Token

ONE = "00000000-0000-4000-8000-000000000001"
TWO = "00000000-0000-4000-8000-000000000002"
WHY = "ServiceProvision"
LEASE = Token("shv1_lease")
Sample = Call[object] | Pages[object] | Stream

person = Person(subject=ONE, made_at=1, version=0)
profile = Profile(subject=ONE, version=3, fields={})
head = RecordHead(subject=ONE, collection="notes", id=TWO, version=2, written_at=1, retain_until=0)
record = Record(head=head, content={"n": 1})
attachment = Attachment(
    subject=ONE, collection="notes", record=TWO, number=1, version=4, size=9, written_at=1,
    retain_until=0,
)  # fmt: skip
run = Run(run=TWO, lease=LEASE, until=1, reads=1)
terms = Terms(name="Letter", code="ab" * 32, purpose=WHY, basis="eu-gdpr:A6-1-a", retention_days=1)
choice = Choice(
    processing=TWO, name="Letter", purpose=WHY, basis="eu-gdpr:A6-1-a", special="", fields=(),
    recipients=(), transfers=(), retention_days=1, automated=False, is_active=True,
    state="pending", is_asked=True, stops=True, why="", notice="ab" * 32, consent=None, at=None,
    ends=None,
)  # fmt: skip
why = Reason(ground="eu-gdpr:JustificationA12-3Complexity", text="it is long")
wish = holds.Wish(
    app=ONE, ground="LegalClaims", law="x", until=9, subject=TWO, collections=("notes",),
    records=(f"notes/{TWO}",), fields=("name",),
)  # fmt: skip
row = {"subject": ONE, "collection": "notes", "id": TWO, "version": 1, "content": {"n": 1}}

SAMPLES: Mapping[Callable[..., object], tuple[object, ...]] = {
    people.make: (people.make(),),
    people.show: (people.show(ONE),),
    people.erase: (people.erase(ONE),),
    people.receipt: (people.receipt(TWO),),
    people.read: (people.read(ONE, WHY, ["name", "mail"], lease=LEASE),),
    people.replace: (people.replace(person, {"name": "Ann"}, WHY),),
    people.change: (people.change(profile, {"name": None}, WHY),),
    people.clear: (people.clear(profile, WHY),),
    people.find: (people.find("mail", "a@example.org", WHY),),
    people.token: (people.token(ONE),),
    people.end_tokens: (people.end_tokens(ONE),),
    people.link: (people.link(ONE),),
    logins.issuer: (logins.issuer(),),
    logins.name_issuer: (
        logins.name_issuer("https://id.example.org", "app"),
        logins.name_issuer("https://id.example.org", "app", Token("s3"), makes_people=True),
    ),
    logins.end_issuer: (logins.end_issuer(),),
    logins.bind: (logins.bind(ONE, "248289761001"),),
    logins.unbind: (logins.unbind(ONE),),
    logins.find: (logins.find("248289761001"),),
    records.make: (records.make(ONE, "notes", {"n": 1}, WHY),),
    records.read: (records.read(ONE, "notes", TWO, WHY, lease=LEASE),),
    records.replace: (records.replace(record, {"n": 1}, WHY),),
    records.change: (records.change(head, {"n": None}, WHY),),
    records.delete: (records.delete(head, WHY),),
    records.all_of: (records.all_of(ONE, "notes", WHY, lease=LEASE),),
    records.versions: (records.versions(record, WHY, lease=LEASE),),
    records.version: (records.version(head, 1, WHY, lease=LEASE),),
    records.load: (records.load([row], WHY), records.load([row], WHY, subject=ONE)),
    attachments.put: (attachments.put(head, 1, b"content", WHY),),
    attachments.replace: (attachments.replace(attachment, b"content", WHY),),
    attachments.every: (attachments.every(record, WHY, lease=LEASE),),
    attachments.read: (attachments.read(attachment, WHY, start=2, end=5, lease=LEASE),),
    attachments.delete: (attachments.delete(attachment, WHY),),
    processings.register: (processings.register(terms),),
    processings.change: (processings.change(TWO, terms),),
    processings.every: (processings.every(),),
    processings.show: (processings.show(TWO),),
    processings.notices: (processings.notices(TWO),),
    processings.ask: (processings.ask(ONE, TWO),),
    processings.begin: (processings.begin(TWO, "ab" * 32),),
    processings.permitting: (processings.permitting(run),),
    processings.release: (processings.release(run, b"3"),),
    processings.end: (processings.end(run),),
    processings.log: (processings.log(TWO),),
    processings.decide: (processings.decide(ONE, TWO, fields=["name"]),),
    choices.every: (choices.every(ONE),),
    choices.allow: (choices.allow(ONE, choice, 9),),
    choices.deny: (choices.deny(ONE, choice),),
    choices.withdraw: (choices.withdraw(ONE, choice),),
    choices.withdraw_consent: (choices.withdraw_consent(TWO),),
    choices.consent_record: (choices.consent_record(TWO), choices.consent_record(TWO, ONE)),
    choices.uses: (choices.uses(ONE),),
    choices.limits: (choices.limits(ONE),),
    choices.restrict: (choices.restrict(ONE),),
    choices.lift: (choices.lift(ONE),),
    choices.object_to: (choices.object_to(ONE, WHY),),
    choices.take_back: (choices.take_back(ONE, WHY),),
    rights.export: (rights.export(ONE),),
    rights.erase: (rights.erase(ONE),),
    rights.staying: (rights.staying(ONE),),
    rights.ask: (rights.ask("eu-gdpr:A15"),),
    rights.every: (rights.every(),),
    rights.show: (rights.show(TWO),),
    rights.due: (rights.due(),),
    rights.delivered: (rights.delivered(TWO),),
    cases.enter: (cases.enter(TWO, ONE, "eu-gdpr:A15", 9),),
    cases.acknowledge: (cases.acknowledge(TWO, happened_at=9),),
    cases.suspend: (cases.suspend(TWO, [why]),),
    cases.verify_identity: (cases.verify_identity(TWO),),
    cases.accept: (cases.accept(TWO),),
    cases.extend: (cases.extend(TWO, [why]),),
    cases.delay: (cases.delay(TWO, [why]),),
    cases.fulfil: (cases.fulfil(TWO),),
    cases.unfulfil: (cases.unfulfil(TWO, [why]),),
    cases.reject: (cases.reject(TWO, [why]),),
    cases.erase: (cases.erase(ONE),),
    breaches.every: (breaches.every(),),
    breaches.show: (breaches.show(TWO),),
    breaches.enter: (breaches.enter("a laptop", 9),),
    breaches.scope: (breaches.scope(TWO, ONE, 1, 2, TWO),),
    breaches.notify: (breaches.notify(TWO, "eu-gdpr:DPABreachInitialNotice", [why]),),
    breaches.spare: (breaches.spare(TWO, "persons", [why]),),
    breaches.close: (breaches.close(TWO),),
    breaches.reopen: (breaches.reopen(TWO),),
    holds.every: (holds.every(),),
    holds.show: (holds.show(TWO),),
    holds.plan: (holds.plan(wish),),
    holds.declare: (holds.declare(wish),),
    holds.lift: (holds.lift(TWO),),
    holds.profile: (holds.profile(TWO, WHY),),
    holds.records: (holds.records(TWO, "notes", WHY),),
    holds.attachments: (holds.attachments(TWO, "notes", ONE, WHY),),
    holds.attachment: (holds.attachment(TWO, "notes", ONE, 1, WHY),),
    office.assess: (office.assess(TWO, "eu-gdpr:DPIAOutcomeLowRisk", "low", "ab" * 32),),
    office.activate: (office.activate(TWO),),
    office.retire: (office.retire(TWO),),
    office.publish: (office.publish(TWO, "ab" * 32, "en", "1"),),
    office.recipients: (office.recipients(),),
    office.add_recipient: (office.add_recipient(ONE, "Mailer Ltd", "mail@example.org"),),
    office.end_recipient: (office.end_recipient(TWO),),
    office.ropa: (office.ropa(),),
    office.ropa_table: (office.ropa_table("processor"),),
    office.alerts: (office.alerts(),),
    office.statement: (office.statement("2026-10"),),
    office.statement_paper: (office.statement_paper("2026-10"),),
}
LEFT_OUT = {  # routes for apps, people and officers that the client does not call, and why
    "POST /v1/requests": "takes papers that an author signed: `sealhold request add`",
    "GET /v1/datasets": "goes with those papers",
    "GET /v1/requests/{id}/status": "goes with those papers",
    "POST /v1/requests/{id}/runs": "goes with those papers",
    "GET /v1/requests/{id}/ready": "goes with those papers",
    "GET /v1/requests/{id}/answer": "is sealed to a key of the asker, which no app keeps here",
}
NOT_SAID = {  # what a call may say, and the client does not
    ("POST /v1/processings", "app"): "an app registers for itself",
    ("POST /v1/processings/{id}/versions", "app"): "an app registers for itself",
    ("POST /v1/subjects/{id}/export", "passphrase"): "is the owner's",
    ("POST /v1/subjects/{id}/erase", "passphrase"): "is the owner's",
    ("POST /v1/holds", "passphrase"): "is the owner's",
    ("POST /v1/holds/{id}/lift", "passphrase"): "is the owner's",
    (
        "GET /v1/subjects/{id}/records/{coll}/{record}/attachments/{n}",
        "if-range",
    ): "an answer is taken whole or from a place that its reader chose, and never gone on with",
}


def calls_of(sample: object) -> tuple[Call[object], ...]:
    """Return the calls that a sample makes: of pages, the first and one that goes on."""
    match sample:
        case Pages(page=page):
            return page(""), page("c2VlbiA3")
        case Stream(call=call):
            return (call,)
        case Call() as call:
            return (call,)
        case _:
            raise TypeError(sample)


CALLS = tuple(call for many in SAMPLES.values() for sample in many for call in calls_of(sample))
BY_ROUTE: dict[str, list[Call[object]]] = {}
for _call in CALLS:
    BY_ROUTE.setdefault(f"{_call.method} {_call.route}", []).append(_call)
