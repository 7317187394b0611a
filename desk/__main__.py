"""`python -m desk --api-url URL`: the desk on 127.0.0.1, with botocore's usual credentials.

`./elsom desk` finds the stack by itself; this is what `make run` starts.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys

from desk.api import DEADLINE_SECONDS
from desk.local import address_of, local_server, serve
from elsom_payments_client import ElsomPayments


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m desk", description=__doc__)
    parser.add_argument("--api-url", required=True, help="the stack's output ApiUrl")
    parser.add_argument("--region", help="the API's AWS region")
    parser.add_argument("--stack", default="", help="the stack's name, shown on every page")
    parser.add_argument("--port", type=int, default=int(os.environ.get("DESK_PORT") or 8060))
    parser.add_argument("--open", action="store_true", help="let in whoever reaches the port")
    choices = parser.parse_args(arguments)
    api = ElsomPayments(choices.api_url, region=choices.region, deadline=DEADLINE_SECONDS)
    key = None if choices.open else secrets.token_urlsafe(16)
    try:
        server = local_server(api, choices.stack, choices.port, key)
    except OSError as error:
        print(f"Error: port {choices.port} cannot be used ({error.strerror}): set DESK_PORT.")
        return 1
    serve(server, lambda: print(f"Desk: {address_of(choices.port, key)}", flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
