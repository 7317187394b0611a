"""The shop's words in three languages, and how it writes money."""

from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

NAMES: Final = {"ky": "Кыргызча", "ru": "Русский", "en": "English"}
_FILE: Final = Path(__file__).with_name("texts.toml")
TEXTS: Final = msgspec.toml.decode(_FILE.read_bytes(), type=dict[str, dict[str, str]])


def money(amount: Decimal, language: str) -> str:
    """`1 500,00 сом`, `1,500.00 som`: never broken over two lines."""
    text = f"{amount:,.2f}"
    if language != "en":
        text = text.replace(",", "\u00a0").replace(".", ",")
    return f"{text}\u00a0{TEXTS[language]['som']}"
