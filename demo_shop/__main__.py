"""`python -m demo_shop [--port 8070] [--stack .local/stack.json]`: open http://127.0.0.1:8070/."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from demo_shop.server import HOST, ShopServer
from demo_shop.shop import Shop
from demo_shop.stack import Stack

STACK_FILE = Path(__file__).resolve().parents[1] / ".local" / "stack.json"


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m demo_shop", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("DEMO_PORT") or 8070))
    parser.add_argument("--stack", type=Path, default=STACK_FILE)
    choices = parser.parse_args(arguments)
    try:
        server = ShopServer(Shop(Stack(choices.stack)), choices.port)
    except OSError as error:
        print(f"Error: port {choices.port} cannot be used ({error.strerror}): set DEMO_PORT.")
        return 1
    with server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"Demo shop: http://{HOST}:{server.port}/", flush=True)
        server.serve_forever(poll_interval=0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
