"""What Secrets Manager says of a block that generates a value, beside moto's own answer."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

# Type of character: the switch that leaves it out, and its characters.
TYPES = {
    "lower case": ("ExcludeLowercase", string.ascii_lowercase),
    "upper case": ("ExcludeUppercase", string.ascii_uppercase),
    "digits": ("ExcludeNumbers", string.digits),
    "punctuation": ("ExcludePunctuation", string.punctuation),
}


def included(block: dict[str, Any]) -> dict[str, str]:
    """Each type that the block includes, with the characters that are left of it."""
    excluded = set(block.get("ExcludeCharacters", ""))
    kinds = {
        name: letters
        for name, (switch, letters) in TYPES.items()
        if str(block.get(switch, False)).lower() != "true"
    }
    if str(block.get("IncludeSpace", False)).lower() == "true":
        kinds["space"] = " "
    return {
        name: "".join(letter for letter in letters if letter not in excluded)
        for name, letters in kinds.items()
    }


def complaints(block: dict[str, Any]) -> Iterator[str]:
    """What makes the creation of the secret fail."""
    left = included(block)
    if not any(left.values()):
        yield "no character is left to generate a value of"
    # By default each included type must appear, so each needs a character.
    if str(block.get("RequireEachIncludedType", True)).lower() == "true":
        for name, letters in left.items():
            if not letters:
                yield f"all {name} characters are excluded, but the type is included"
        if int(block.get("PasswordLength", 32)) < len(left):
            yield f"a value of {block['PasswordLength']} cannot hold each of {len(left)} types"
    if ("SecretStringTemplate" in block) != ("GenerateStringKey" in block):
        yield "SecretStringTemplate and GenerateStringKey go together"
