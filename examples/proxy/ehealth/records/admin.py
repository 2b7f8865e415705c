"""What the staff sees."""

from django.contrib import admin

from records.models import Diagnosis, Document, Episode, LabResult, Patient


@admin.register(Patient)
class PatientAdmin(admin.ModelAdmin):
    """Found by the whole e-mail or insurance number, which the provider can do on terms."""

    list_display = ("name", "email", "city")
    list_filter = ("city",)
    search_fields = ("=email", "=insurance_no")
    date_hierarchy = None


admin.site.register([Episode, Document, Diagnosis, LabResult])
