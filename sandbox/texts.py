"""The words that a customer meets, and how money is written."""

from pathlib import Path
from typing import Final

import msgspec

LANGUAGES: Final = {"ky": "Кыргызча", "ru": "Русский", "en": "English"}


def data[T](name: str, kind: type[T]) -> T:
    return msgspec.toml.decode(Path(__file__).with_name(name).read_bytes(), type=kind)


_ALL: Final = data("texts.toml", dict[str, dict[str, dict[str, str]]])
TEXTS: Final = _ALL["pages"]
STATUSES: Final = _ALL["statuses"]


def language_of(culture: str) -> str:
    """`ky-KG` → `ky`; a culture the pages do not speak becomes `ru`."""
    language = culture[:2].lower()
    return language if language in LANGUAGES else "ru"


def money(amount: str, language: str) -> str:
    """An amount as Elsom was sent it (`1500.5`), as people write it: `1 500,50 сом`."""
    som, _, fraction = amount.partition(".")
    separator, point = (",", ".") if language == "en" else ("\u00a0", ",")
    whole = f"{int(som):,}".replace(",", separator) if som.isdecimal() else som
    return f"{whole}{point}{fraction[:2]:0<2}\u00a0{TEXTS[language]['som']}"
