"""Puts the client and the checks together; apart, since only some functions pay for HTTP."""

from __future__ import annotations

import random
from functools import cache

from botocore.exceptions import BotoCoreError, ClientError

from payments import wiring
from payments.aws import client
from payments.check import Checking
from payments.elsom.client import ElsomClient
from payments.elsom.measured import MeasuredElsom
from payments.elsom.outcomes import Elsom
from payments.errors import NotConfigured
from payments.moments import now_ms
from payments.settings import settings
from payments.transport import tls


@cache
def elsom() -> Elsom:
    """Elsom as this stack is set up; raises NotConfigured when the CA bundle is not readable."""
    ours = settings()
    bundle = _ca_bundle(ours.elsom_ca_bundle_parameter) if ours.elsom_ca_bundle_parameter else None
    client_of_elsom = ElsomClient(
        ours.elsom_init_url,
        ours.elsom_status_url,
        tls(bundle, ours.elsom_tls_server_name or None),
        hidden=lambda: wiring.vault().get().hidden(),
        plain_http=ours.sandbox_mode,
    )
    return MeasuredElsom(client_of_elsom)


@cache
def checking() -> Checking:
    """What checks work with."""
    return Checking(
        payments=wiring.payments(),
        inbox=wiring.inbox(),
        schedule=wiring.schedule(),
        elsom=elsom(),
        queue=wiring.checks_queue(),
        merchant=lambda: wiring.vault().get().elsom(),
        policy=settings().policy,
        clock=now_ms,
        jitter=random.random,
    )


def _ca_bundle(name: str) -> str:
    try:
        answer = client("ssm").get_parameter(Name=name, WithDecryption=True)
    except (ClientError, BotoCoreError) as error:
        msg = "the CA bundle's parameter cannot be read"
        raise NotConfigured(msg) from error
    return str(answer["Parameter"]["Value"])
