"""Whether Elsom's two URLs are reached from here, with the trust that the functions will have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from cli.findings import Finding, bad, ok
from cli.target import Target
from payments.http_client import NotSent, Tls, reach, tls

_SECONDS: Final = 5.0
_PORTS: Final = {"https": 443, "http": 80}
_ADVICE: Final = {
    "certificate": "ask Elsom for its CA certificates: ElsomCaBundleParameter, ElsomTlsServerName",
    "name": "check the host's name in ElsomInitUrl and ElsomStatusUrl",
    "refused": "check the port, and whether Elsom lets this address in",
    "timeout": "check whether Elsom lets this address in",
    "tls": "check that the port speaks TLS",
    "reset": "check whether Elsom lets this address in",
    "connection": "check the network from here to Elsom",
}


def look_at_elsom(target: Target) -> Iterator[Finding]:
    """A TLS handshake with each, and nothing sent; where functions have subnets, they go another
    way than this machine.
    """
    parameters, bundle = target.parameters, None
    if name := parameters.get("ElsomCaBundleParameter"):
        try:
            answer = target.client("ssm").get_parameter(Name=name, WithDecryption=True)
        except ClientError:
            do = f"store the CA certificates (PEM) there: aws ssm put-parameter --name {name}"
            yield bad(f"the SSM parameter {name} cannot be read", do, "CA bundle")
            return
        bundle = answer["Parameter"]["Value"]
    try:
        trust = tls(bundle, parameters.get("ElsomTlsServerName") or None)
    except (OSError, TypeError, ValueError):
        do = "store PEM certificates there, each from BEGIN CERTIFICATE to END CERTIFICATE"
        yield bad(f"the SSM parameter {name} holds no certificates", do, "CA bundle")
        return
    for what, parameter in (("Elsom start", "ElsomInitUrl"), ("Elsom status", "ElsomStatusUrl")):
        if parameters.get(parameter):
            yield _reached(what, parameters[parameter], trust)


def _reached(name: str, address: str, trust: Tls) -> Finding:
    try:
        url = urlsplit(address)
        port = url.port or _PORTS[url.scheme]
    except (KeyError, ValueError):
        do = "give an https URL: ./elsom configure"
        return bad(f"{address} is no URL that can be called", do, name)
    where = f"{url.hostname}:{port}"
    try:
        reach(str(url.hostname), port, _SECONDS, trust if url.scheme == "https" else None)
    except NotSent as error:
        advice = _ADVICE.get(str(error), _ADVICE["connection"])
        return bad(f"{where} is not reached: {error}", advice, name)
    safe = "with a valid certificate" if url.scheme == "https" else "in plain http"
    return ok(f"{where} is reached {safe}", name)
