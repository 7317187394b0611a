"""A folder whose tests mostly wait, spread over several workers, file by file.

Each worker has a local AWS, a stack and a browser of its own.
"""

from pathlib import Path

import pytest


def spread(config: pytest.Config, workers: int) -> None:
    """Run whole folders so; single files and tests, and whoever says `-n`, as they are called."""
    option = config.option
    if hasattr(config, "workerinput") or not config.pluginmanager.hasplugin("xdist"):
        return
    if option.numprocesses is not None or option.usepdb:
        return
    if all(Path(argument).is_dir() for argument in config.args):
        option.numprocesses, option.dist = workers, "loadfile"
