"""Made-up patients: nobody of these lives. The same seed gives the same people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from records.models import Diagnosis, Document, Episode, LabResult, Patient

FIRST = ("Alma", "Beat", "Carla", "Dario", "Elin", "Flurin", "Gian", "Hanna", "Ines", "Jonas")
LAST = ("Aebi", "Brunner", "Caduff", "Derungs", "Egli", "Favre", "Gerber", "Hofer", "Isler", "Jost")
CITIES = ("Bern", "Basel", "Chur", "Genf", "Luzern")
WARDS = ("surgery", "medicine", "maternity", "eyes")
CODES = ("A09", "E11", "I10", "J18", "K35", "M54", "S52")
VALUES = (("glucose", "mmol/l", 3, 12), ("sodium", "mmol/l", 130, 150), ("crp", "mg/l", 0, 90))
BEGIN = datetime(2025, 1, 1, 8, tzinfo=UTC)


@dataclass
class Made:
    """What one patient brings along."""

    patient: Patient
    episodes: list[Episode]
    documents: list[Document]
    diagnoses: list[Diagnosis]
    results: list[LabResult]


def made(count: int, seed: int = 7) -> Iterator[Made]:
    """Yield patients with all that belongs to them; nothing is saved."""
    random = Random(seed)
    for number in range(count):
        yield _one(random, number)


def save(count: int, seed: int = 7) -> None:
    """Save patients with all that belongs to them."""
    for each in made(count, seed):
        each.patient.save()
        for rows in (each.episodes, each.documents, each.diagnoses, each.results):
            for row in rows:
                _follow(row)
                row.save()


def _follow(row: Episode | Document | Diagnosis | LabResult) -> None:
    """Take over the key of what a row points at, which has one by now."""
    if isinstance(row, Episode):
        row.patient_id = row.patient.pk
    else:
        row.episode_id = row.episode.pk


def _one(random: Random, number: int) -> Made:
    name = f"{random.choice(FIRST)} {random.choice(LAST)}"
    patient = Patient(
        name=name,
        email=f"{name.replace(' ', '.').lower()}.{number}@example.org",
        insurance_no=f"756{number:09}",
        born=date(1930, 1, 1) + timedelta(days=random.randrange(34_000)),
        city=random.choice(CITIES),
        registered=BEGIN + timedelta(hours=number),
    )
    found = Made(patient, [], [], [], [])
    for _ in range(random.randrange(1, 4)):
        opened = BEGIN + timedelta(minutes=random.randrange(500_000))
        episode = Episode(
            patient=patient,
            ward=random.choice(WARDS),
            opened=opened,
            closed=opened + timedelta(days=random.randrange(1, 20))
            if random.random() < 0.8
            else None,
            cost=Decimal(random.randrange(10_000, 900_000)) / 100,
        )
        found.episodes.append(episode)
        code = random.choice(CODES)
        found.diagnoses.append(Diagnosis(episode=episode, code=code, note=f"as in {code}"))
        found.documents.append(
            Document(episode=episode, kind="letter", title=f"About {name}", body=f"{name} is well.")
        )
        kind, unit, low, high = random.choice(VALUES)
        value = Decimal(random.randrange(low * 1000, high * 1000)) / 1000
        taken = opened + timedelta(hours=1)
        found.results.append(
            LabResult(episode=episode, kind=kind, value=value, unit=unit, taken=taken)
        )
    return found
