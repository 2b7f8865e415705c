"""The tables of the example, as any application of Django has them."""

from django.db import models


class Patient(models.Model):
    """Somebody who is treated."""

    name = models.CharField(max_length=100)
    email = models.CharField(max_length=254, unique=True)
    insurance_no = models.CharField(max_length=12)
    born = models.DateField()
    city = models.CharField(max_length=60)
    registered = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Episode(models.Model):
    """A stay."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="episodes")
    ward = models.CharField(max_length=40)
    opened = models.DateTimeField()
    closed = models.DateTimeField(null=True, blank=True)
    cost = models.DecimalField(max_digits=10, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.ward}, {self.opened:%Y-%m-%d}"


class Document(models.Model):
    """A letter or report."""

    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    body = models.TextField()

    def __str__(self) -> str:
        return self.title


class Diagnosis(models.Model):
    """What was found, by a code."""

    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="diagnoses")
    code = models.CharField(max_length=8)
    note = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.code


class LabResult(models.Model):
    """A measured value."""

    episode = models.ForeignKey(Episode, on_delete=models.CASCADE, related_name="results")
    kind = models.CharField(max_length=20)
    value = models.DecimalField(max_digits=10, decimal_places=3)
    unit = models.CharField(max_length=12)
    taken = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.value} {self.unit}"
