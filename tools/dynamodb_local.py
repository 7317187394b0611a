"""AWS's own DynamoDB Local, fetched into .local: `python -m tools.dynamodb_local`.

AWS publishes it inside an npm package of Amplify.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.environments import LOCAL
from tools.npm_package import FetchError, NpmPackage

VERSION = "2.9.30"
PACKAGE = NpmPackage(
    f"amplify-dynamodb-simulator@{VERSION}",
    "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==",
)
FOLDER = LOCAL / "dynamodb-local" / VERSION


def install() -> Path:
    """The folder with DynamoDBLocal.jar, fetched first where it is missing.

    Needs npm. Raises FetchError.
    """
    return PACKAGE.install(FOLDER, "emulator")


if __name__ == "__main__":
    try:
        print(install())
    except FetchError as error:
        sys.exit(f"Error: {error}")
