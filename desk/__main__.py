"""`python -m desk --stack-file .local/stack.json`: the desk of `make run`, on 127.0.0.1.

For any other stack: `./elsom desk`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from desk.local import address_of, local_server, serve
from desk.stack_file import api_of

STACK_FILE = Path(__file__).resolve().parents[1] / ".local" / "stack.json"


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m desk", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("DESK_PORT") or 8060))
    parser.add_argument("--stack-file", type=Path, default=STACK_FILE)
    choices = parser.parse_args(arguments)
    try:
        # Open: this stack's money is the sandbox's.
        server = local_server(api_of(choices.stack_file), "make run", choices.port, key=None)
    except OSError as error:
        print(f"Error: port {choices.port} cannot be used ({error.strerror}): set DESK_PORT.")
        return 1
    serve(server, lambda: print(f"Desk: {address_of(choices.port, None)}", flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
