"""The desk's words in three languages, and how each writes money and time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

from desk.times import local

LANGUAGES: Final = ("ky", "ru", "en")
_FOLDER: Final = Path(__file__).parent / "texts"
_NO_BREAK_SPACE: Final = "\u00a0"


class Words:
    """One language. `text` knows every key of its file."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def text(self, key: str, **values: Any) -> Markup:
        """The words of a key as HTML; every value is escaped, unless it is HTML already."""
        return Markup(self._texts[key]).format(**values)  # noqa: S704 - our own file, see texts/

    def plain(self, key: str, **values: Any) -> str:
        """The same as plain text, for a file that is no page."""
        return self._texts[key].format(**values)

    def has(self, key: str) -> bool:
        """Whether there are words for this."""
        return key in self._texts

    def choice(self, group: str, name: object, **values: Any) -> Markup:
        """The words of one name of a group; a name that a newer API made is shown as it is."""
        key = f"{group}.{name}"
        return self.text(key, **values) if self.has(key) else escape(name)

    def number(self, amount: str) -> str:
        """`1234.50` as this language writes it."""
        whole, _, fraction = amount.partition(".")
        groups: list[str] = []
        while whole:
            whole, group = whole[:-3], whole[-3:]
            groups.insert(0, group)
        separator = self._texts["number.thousands"].replace(" ", _NO_BREAK_SPACE)
        cents = f"{fraction:0<2}"[:2]
        return f"{separator.join(groups)}{self._texts['number.decimals']}{cents}"

    def money(self, amount: str) -> str:
        """The same with the currency, never broken over two lines."""
        return f"{self.number(amount)}{_NO_BREAK_SPACE}{self._texts['number.som']}"

    def day(self, day: date) -> str:
        """A day."""
        return self.plain("time.day", day=day.day, month=day.month, year=day.year)

    def moment(self, moment: datetime, form: str = "moment") -> str:
        """A moment by Bishkek's clock; `form` is `moment` or, with seconds, `second`."""
        at = local(moment)
        return self.plain(
            f"time.{form}", day=at.day, month=at.month, year=at.year,
            hour=at.hour, minute=at.minute, second=at.second,
        )  # fmt: skip


@cache
def words(language: str) -> Words:
    """The words of one of LANGUAGES."""
    document = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    return Words(language, dict(_flat(document, "")))


def _flat(table: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
