"""`python -m demo_shop [--port 8070] [--stack .local/stack.json]`: open http://127.0.0.1:8070/."""

import argparse
import logging
import os
import signal
from pathlib import Path

from werkzeug.serving import make_server

from demo_shop.app import create_app
from demo_shop.shop import Shop
from demo_shop.stack import Stack


def main() -> None:
    """Serve until SIGTERM or Ctrl-C. Werkzeug says it when the port is taken, and ends with 1."""
    parser = argparse.ArgumentParser(prog="python -m demo_shop", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("DEMO_PORT") or 8070))
    parser.add_argument("--stack", type=Path, default=Path(".local", "stack.json"))
    choices = parser.parse_args()
    # The terminal belongs to whoever started the shop: errors only.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(Shop(Stack(choices.stack)))
    server = make_server("127.0.0.1", choices.port, app, threaded=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"Demo shop: http://127.0.0.1:{server.port}/", flush=True)
    server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    main()
