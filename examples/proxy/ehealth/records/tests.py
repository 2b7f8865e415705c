"""What the application does with its database. The same tests run on any PostgreSQL."""

from datetime import date, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Avg, Count, F, Max, Min, Prefetch, Q, Sum
from django.test import TestCase, TransactionTestCase
from django.urls import reverse

from records.made import BEGIN, made, save
from records.models import Diagnosis, Document, Episode, LabResult, Patient

COUNT = 40


class Rows(TestCase):
    """Queries on made-up patients."""

    @classmethod
    def setUpTestData(cls) -> None:
        save(COUNT)
        cls.all = list(made(COUNT))
        cls.first = cls.all[0].patient

    def emails(self, **filters: object) -> list[str]:
        return sorted(Patient.objects.filter(**filters).values_list("email", flat=True))

    def expected(self, keep: object) -> list[str]:
        return sorted(each.patient.email for each in self.all if keep(each.patient))

    def test_one_by_a_term(self) -> None:
        found = Patient.objects.get(email=self.first.email)
        self.assertEqual((found.name, found.born), (self.first.name, self.first.born))
        self.assertFalse(Patient.objects.filter(email="nobody@example.org").exists())
        with self.assertRaises(Patient.DoesNotExist):
            Patient.objects.get(insurance_no="none")

    def test_ranges(self) -> None:
        for low, high in ((1930, 1950), (1950, 1990), (1990, 2030)):
            begin, end = date(low, 1, 1), date(high, 1, 1)
            self.assertEqual(
                self.emails(born__gte=begin, born__lt=end),
                self.expected(lambda one, b=begin, e=end: b <= one.born < e),
            )
        between = (date(1940, 1, 1), date(1980, 12, 31))
        self.assertEqual(
            self.emails(born__range=between),
            self.expected(lambda one: between[0] <= one.born <= between[1]),
        )

    def test_lists_and_negations(self) -> None:
        some = [each.patient.email for each in self.all[:5]]
        self.assertEqual(self.emails(email__in=some), sorted(some))
        self.assertEqual(Patient.objects.exclude(email__in=some).count(), COUNT - 5)
        found = Patient.objects.filter(Q(city="Bern") | Q(email=some[0]))
        self.assertEqual(
            sorted(each.email for each in found),
            self.expected(lambda one: one.city == "Bern" or one.email == some[0]),
        )
        self.assertEqual(
            Patient.objects.filter(~Q(city="Bern"), email=some[0]).count(),
            int(self.first.city != "Bern"),
        )

    def test_order_and_slices(self) -> None:
        wanted = sorted(self.all, key=lambda each: (each.patient.born, each.patient.email))
        found = Patient.objects.order_by("born", "id")
        self.assertEqual([each.born for each in found], [each.patient.born for each in wanted])
        self.assertEqual(
            [each.born for each in found[5:12]], [each.patient.born for each in wanted[5:12]]
        )
        self.assertEqual(found.reverse().first().born, wanted[-1].patient.born)
        self.assertEqual(Patient.objects.latest("registered").email, self.all[-1].patient.email)

    def test_joins(self) -> None:
        found = (
            Episode.objects.select_related("patient")
            .filter(patient__email=self.first.email)
            .order_by("opened")
        )
        self.assertEqual(
            [each.patient.name for each in found], [self.first.name] * len(self.all[0].episodes)
        )
        codes = Diagnosis.objects.filter(episode__patient__city="Bern", code="I10").count()
        self.assertEqual(
            codes,
            sum(
                one.code == "I10"
                for each in self.all
                for one in each.diagnoses
                if each.patient.city == "Bern"
            ),
        )
        with_code = Patient.objects.filter(episodes__diagnoses__code="E11").values("id").distinct()
        self.assertEqual(
            with_code.count(),
            sum(any(one.code == "E11" for one in each.diagnoses) for each in self.all),
        )

    def test_what_belongs_to_rows(self) -> None:
        episodes = Prefetch("episodes", Episode.objects.order_by("opened"))
        found = Patient.objects.prefetch_related(episodes, "episodes__documents").order_by("id")
        for one, wanted in zip(found, self.all, strict=True):
            bodies = {doc.body for each in one.episodes.all() for doc in each.documents.all()}
            self.assertEqual(bodies, {each.body for each in wanted.documents})

    def test_subqueries(self) -> None:
        dear = Episode.objects.filter(cost__gt=Decimal("8000.00")).values("patient_id")
        found = Patient.objects.filter(id__in=dear)
        self.assertEqual(
            found.count(), sum(any(one.cost > 8000 for one in each.episodes) for each in self.all)
        )

    def test_sums(self) -> None:
        costs = [one.cost for each in self.all for one in each.episodes]
        found = Episode.objects.aggregate(
            Sum("cost"), Avg("cost"), Count("id"), Max("cost"), Min("cost")
        )
        self.assertEqual(found["cost__sum"], sum(costs))
        self.assertEqual(
            found["cost__avg"].quantize(Decimal("0.01")),
            (sum(costs) / len(costs)).quantize(Decimal("0.01")),
        )
        self.assertEqual(
            (found["id__count"], found["cost__max"], found["cost__min"]),
            (len(costs), max(costs), min(costs)),
        )

    def test_groups(self) -> None:
        by_ward = dict(Episode.objects.values_list("ward").annotate(Sum("cost")))
        wanted: dict[str, Decimal] = {}
        for each in self.all:
            for one in each.episodes:
                wanted[one.ward] = wanted.get(one.ward, Decimal(0)) + one.cost
        self.assertEqual(by_ward, wanted)
        by_code = dict(Diagnosis.objects.values_list("code").annotate(n=Count("id")).order_by())
        self.assertEqual(sum(by_code.values()), sum(len(each.diagnoses) for each in self.all))
        # not Patient.objects.annotate(Count("episodes")): it groups by the key and shows the rest
        counted = Episode.objects.values_list("patient__email").annotate(n=Count("id")).order_by()
        self.assertEqual(
            dict(counted), {each.patient.email: len(each.episodes) for each in self.all}
        )

    def test_nulls(self) -> None:
        still = Episode.objects.filter(closed__isnull=True).count()
        self.assertEqual(
            still, sum(one.closed is None for each in self.all for one in each.episodes)
        )

    def test_texts_are_searched_on_opened_rows(self) -> None:
        part = self.first.name.split()[1]
        found = Patient.objects.filter(name__contains=part).count()
        self.assertEqual(found, sum(part in each.patient.name for each in self.all))
        found = Patient.objects.filter(name__icontains=part.upper(), city=self.first.city)
        self.assertIn(self.first.email, [each.email for each in found])

    def test_changes(self) -> None:
        one = Patient.objects.get(email=self.first.email)
        one.name, one.email = "Nora Neu", "nora@example.org"
        one.save()
        one.refresh_from_db()
        self.assertEqual((one.name, one.email), ("Nora Neu", "nora@example.org"))
        self.assertEqual(self.emails(email=self.first.email), [])
        Episode.objects.filter(patient=one).update(ward="eyes", cost=Decimal("1.50"))
        self.assertEqual(
            set(Episode.objects.filter(patient=one).values_list("ward", "cost")),
            {("eyes", Decimal("1.50"))},
        )
        Episode.objects.filter(patient=one).update(cost=F("cost") + 2)
        self.assertEqual({each.cost for each in one.episodes.all()}, {Decimal("3.50")})
        Patient.objects.filter(email="nora@example.org").update(city="Bern")

    def test_bulk(self) -> None:
        episode = Episode.objects.order_by("id").first()
        # more at a time is INSERT ... SELECT FROM UNNEST, whose arrays no proxy hides
        made_ = LabResult.objects.bulk_create(
            [
                LabResult(episode=episode, kind="ph", value=Decimal(nth) / 8, unit="", taken=BEGIN)
                for nth in range(20)
            ],
            batch_size=1,
        )
        self.assertTrue(all(each.pk for each in made_))
        low = LabResult.objects.filter(kind="ph", value__lte=Decimal("1.000")).count()
        self.assertEqual(low, 9)
        for each in made_:
            each.unit = "1"
        LabResult.objects.bulk_update(made_, ["unit"])
        self.assertEqual(LabResult.objects.filter(kind="ph", unit="1").count(), 20)
        self.assertEqual(LabResult.objects.filter(kind="ph").delete()[0], 20)

    def test_get_or_create(self) -> None:
        fields = {
            "name": "Otto",
            "insurance_no": "1",
            "born": date(2000, 1, 1),
            "city": "Chur",
            "registered": BEGIN,
        }
        one, is_new = Patient.objects.get_or_create(email="otto@example.org", defaults=fields)
        same, again = Patient.objects.get_or_create(email="otto@example.org", defaults=fields)
        self.assertEqual((one.pk, is_new, again), (same.pk, True, False))
        other, _ = Patient.objects.update_or_create(
            email="otto@example.org", defaults={"name": "Otto II"}
        )
        self.assertEqual((other.pk, other.name), (one.pk, "Otto II"))

    def test_deletion_takes_along_what_belongs_to_it(self) -> None:
        patient = Patient.objects.get(email=self.first.email)
        episodes = list(patient.episodes.values_list("id", flat=True))
        patient.delete()
        self.assertFalse(Document.objects.filter(episode_id__in=episodes).exists())

    def test_a_savepoint_is_rolled_back_alone(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            Patient.objects.create(
                name="Twice",
                email=self.first.email,
                insurance_no="2",
                born=date(2000, 1, 1),
                city="Chur",
                registered=BEGIN,
            )
        self.assertEqual(Patient.objects.count(), COUNT)

    def test_locks(self) -> None:
        with transaction.atomic():
            one = Patient.objects.select_for_update().get(email=self.first.email)
            self.assertEqual(one.name, self.first.name)

    def test_the_rows_of_an_iterator(self) -> None:
        found = [each.name for each in Patient.objects.order_by("id").iterator(chunk_size=7)]
        self.assertEqual(found, [each.patient.name for each in self.all])

    def test_raw_sql(self) -> None:
        found = Patient.objects.raw(
            "SELECT id, name FROM records_patient WHERE email = %s", [self.first.email]
        )
        self.assertEqual([each.name for each in found], [self.first.name])
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM records_patient WHERE born > %s", ["1930-01-01"])
            self.assertEqual(cursor.fetchone(), (COUNT,))


class Staff(TestCase):
    """The admin: lists, searches, forms."""

    @classmethod
    def setUpTestData(cls) -> None:
        save(12)
        cls.patient = Patient.objects.order_by("id").first()
        User.objects.create_superuser("staff", password="staff")

    def setUp(self) -> None:
        self.assertTrue(self.client.login(username="staff", password="staff"))

    def test_the_list_is_searched_and_filtered(self) -> None:
        url = reverse("admin:records_patient_changelist")
        self.assertContains(self.client.get(url), self.patient.name)
        found = self.client.get(url, {"q": self.patient.email})
        self.assertContains(found, "1 result")
        self.assertContains(self.client.get(url, {"city__exact": self.patient.city}), "patients")

    def test_somebody_is_added_changed_and_deleted(self) -> None:
        fields = {
            "name": "Rosa Rot",
            "email": "rosa@example.org",
            "insurance_no": "756",
            "born": "1999-09-09",
            "city": "Bern",
            "registered_0": "2025-01-01",
            "registered_1": "10:00:00",
        }
        self.assertEqual(
            self.client.post(reverse("admin:records_patient_add"), fields).status_code, 302
        )
        one = Patient.objects.get(email="rosa@example.org")
        url = reverse("admin:records_patient_change", args=[one.pk])
        self.assertContains(self.client.get(url), "Rosa Rot")
        self.client.post(url, {**fields, "name": "Rosa Blau"})
        self.assertEqual(Patient.objects.get(pk=one.pk).name, "Rosa Blau")
        again = self.client.post(reverse("admin:records_patient_add"), fields)
        self.assertContains(again, "already exists")
        gone = reverse("admin:records_patient_delete", args=[one.pk])
        self.assertContains(self.client.get(gone), "Are you sure")
        self.client.post(gone, {"post": "yes"})
        self.assertFalse(Patient.objects.filter(pk=one.pk).exists())


class Transactions(TransactionTestCase):
    """What is committed and what is not."""

    def tearDown(self) -> None:
        Patient.objects.all().delete()

    def _fixture_teardown(self) -> None:
        """Leave the tables of Django as they are."""

    def test_what_fails_leaves_nothing(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            save(3)
            self.assertEqual(Patient.objects.count(), 3)
            raise ZeroDivisionError
        self.assertEqual(Patient.objects.count(), 0)

    def test_what_is_committed_stays(self) -> None:
        with transaction.atomic():
            save(3)
        transaction.on_commit(lambda: None)
        connection.close()
        later = Patient.objects.filter(registered__gte=BEGIN - timedelta(days=1))
        self.assertEqual(later.count(), 3)
