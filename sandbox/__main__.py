"""An Elsom to pay against, on this machine only."""

import argparse
import signal
import ssl
import sys
from pathlib import Path
from typing import Final

from sandbox.app import create_app
from sandbox.loopback import check_bind_host
from sandbox.parts import Sandbox
from sandbox.protocol import Options
from sandbox.server import SandboxServer

_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Run until SIGTERM or SIGINT; 2 and one sentence on stderr when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="loopback address (%(default)s)")
    add("--port", type=int, default=8090, help="0 takes a free one (%(default)s)")
    add("--control-port", type=int, help="a second, plain http port that no fault touches")
    add("--tls-cert", type=Path, help="PEM file: serve https")
    add("--tls-key", type=Path, help="PEM file with the certificate's key")
    add("--portal-url", help="where notifications and browsers are sent")
    add("--state-file", type=Path, help="keep transactions here between runs")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="see the help page")
    choices = parser.parse_args()
    # Waited for, not handled: an exception out of a handler may strike inside a lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        ready = _start(choices)
    except (ValueError, OverflowError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Elsom sandbox ready: {ready}", flush=True)
    signal.sigwait(_STOP_SIGNALS)
    return 0


def _start(choices: argparse.Namespace) -> str:
    """Serve from threads; the addresses. Raises ValueError, OverflowError, OSError."""
    pairs = (option.partition("=")[::2] for option in choices.option)
    words = {"true": True, "false": False}
    options = Options().changed({name: words.get(value, value) for name, value in pairs})
    host = check_bind_host(choices.host)
    app = create_app()
    server = SandboxServer(host, choices.port, app, _tls(choices.tls_cert, choices.tls_key))
    app.extensions["sandbox"] = sandbox = Sandbox(server, choices.state_file, options)
    if choices.portal_url:
        sandbox.store.set_portal_url(choices.portal_url)
    server.start()
    if choices.control_port is None:
        return f"{server.url}/"
    control = SandboxServer(host, choices.control_port, app)
    control.start()
    return f"{server.url}/, control {control.url}"


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if key and not certificate:
        raise ValueError("--tls-key needs --tls-cert beside it.")
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ValueError(f"The TLS certificate or key cannot be used: {error}") from error
    return context


if __name__ == "__main__":
    sys.exit(main())
