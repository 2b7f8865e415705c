"""The first form of the tables: what is pointed at comes before what points at it."""

from django.db import migrations, models
from django.db.models.deletion import CASCADE

ID = (
    "id",
    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
)


class Migration(migrations.Migration):
    """Five tables."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Patient",
            fields=[
                ID,
                ("name", models.CharField(max_length=100)),
                ("email", models.CharField(max_length=254, unique=True)),
                ("insurance_no", models.CharField(max_length=12)),
                ("born", models.DateField()),
                ("city", models.CharField(max_length=60)),
                ("registered", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Episode",
            fields=[
                ID,
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="episodes", to="records.patient"
                    ),
                ),
                ("ward", models.CharField(max_length=40)),
                ("opened", models.DateTimeField()),
                ("closed", models.DateTimeField(blank=True, null=True)),
                ("cost", models.DecimalField(decimal_places=2, max_digits=10)),
            ],
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ID,
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="documents", to="records.episode"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("title", models.CharField(max_length=200)),
                ("body", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Diagnosis",
            fields=[
                ID,
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="diagnoses", to="records.episode"
                    ),
                ),
                ("code", models.CharField(max_length=8)),
                ("note", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="LabResult",
            fields=[
                ID,
                (
                    "episode",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="results", to="records.episode"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("value", models.DecimalField(decimal_places=3, max_digits=10)),
                ("unit", models.CharField(max_length=12)),
                ("taken", models.DateTimeField()),
            ],
        ),
    ]
