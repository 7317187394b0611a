"""The webhook."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from elsom_payments_client.django import conf
from elsom_payments_client.django.inbox import take
from elsom_payments_client.webhooks import WrongSignature, verify_webhook


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Take an event in: 204 also where it is here already, 401 where nobody of ours signed it."""
    try:
        event = verify_webhook(request.body, request.headers, conf.webhook_secrets())
    except WrongSignature:
        return HttpResponse(status=401)
    take(event, request.body)
    return HttpResponse(status=204)
