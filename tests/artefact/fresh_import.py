"""Run as `python -I -S fresh_import.py BUNDLE LAYER`: imports a handler as Lambda does.

Prints as JSON where each imported module and its bytecode came from.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(bundle: str, layer: str) -> None:
    sys.path[:] = [bundle, layer, *(path for path in sys.path if path)]
    handler = __import__("handler")
    modules = {}
    for name, module in sorted(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.origin and spec.has_location:
            modules[name] = {"source": spec.origin, "bytecode": spec.cached}
    json.dump({"callable": callable(handler.lambda_handler), "modules": modules}, sys.stdout)


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), str(Path(sys.argv[2])))
