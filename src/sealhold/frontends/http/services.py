"""All routes of the API, service by service.

Source: docs/spec/20-faces.md section 7.
"""

from sealhold.frontends.http import (
    access_api,
    app_api,
    attachments_api,
    choice_api,
    dataware_api,
    holds_api,
    issuer_api,
    keys_api,
    owner_api,
    people_api,
    processing_api,
    push_api,
    recipients_api,
    records_api,
    rights_api,
    serving_api,
    statement_api,
)

SERVICES = (
    owner_api,
    serving_api,
    statement_api,
    app_api,
    people_api,
    access_api,
    issuer_api,
    records_api,
    attachments_api,
    processing_api,
    choice_api,
    recipients_api,
    rights_api,
    holds_api,
    keys_api,
    push_api,
    dataware_api,
)
API_ROUTES = tuple(route for service in SERVICES for route in service.ROUTES)
