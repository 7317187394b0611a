"""Command line of the sandbox: `python -m sandbox --help`."""

import argparse
import errno
import signal
import ssl
import sys
import threading
from pathlib import Path
from typing import Final

from sandbox.app import Sandbox
from sandbox.loopback import check_bind_host, check_portal_url
from sandbox.options import Options, change, parse_assignments
from sandbox.server import SandboxServer

_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 2 and one sentence on stderr when it cannot start."""
    choices = _parser().parse_args(arguments)
    # Waited for, not handled: an exception out of a handler may strike inside a lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        options = change(Options(), parse_assignments(choices.option))
        host = check_bind_host(choices.host)
        if choices.portal_url:
            check_portal_url(choices.portal_url)
        server = _open(host, choices.port, _tls_context(choices.tls_cert, choices.tls_key))
        sandbox = Sandbox(server.url, choices.state_file, options)
        server.attach(sandbox)
        if choices.portal_url:
            sandbox.store.set_portal_url(choices.portal_url)
        control = None
        if choices.control_port is not None:
            control = _open(host, choices.control_port, None)
            control.attach(sandbox)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    sandbox.refuse, sandbox.open_again = server.refuse, server.open_again
    for one in (server, control):
        if one is not None:
            threading.Thread(target=one.run, daemon=True).start()
    also = f", control {control.url}" if control is not None else ""
    print(f"Elsom sandbox ready: {server.url}/{also}", flush=True)
    signal.sigwait(_STOP_SIGNALS)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="An Elsom to pay against, on this machine only."
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address (%(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one (%(default)s)")
    parser.add_argument(
        "--control-port", type=int, help="a second, plain http port that no fault touches"
    )
    parser.add_argument("--tls-cert", type=Path, help="PEM file: serve https")
    parser.add_argument("--tls-key", type=Path, help="PEM file with the certificate's key")
    parser.add_argument("--portal-url", help="where notifications and browsers are sent")
    parser.add_argument("--state-file", type=Path, help="keep transactions here between runs")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="see the help page"
    )
    return parser


def _tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        if key is not None:
            raise ValueError("--tls-key needs --tls-cert beside it.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ValueError(f"The TLS certificate or key cannot be used: {error}") from error
    return context


def _open(host: str, port: int, tls: ssl.SSLContext | None) -> SandboxServer:
    try:
        return SandboxServer(host, port, tls=tls)
    except OverflowError:
        raise ValueError("A port is a number from 0 to 65535.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ValueError(
                f"Port {port} on {host} is already taken; choose another one."
            ) from None
        raise


if __name__ == "__main__":
    sys.exit(main())
