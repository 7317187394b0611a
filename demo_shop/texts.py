"""The shop's words in three languages, and how it writes statuses and money."""

from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from elsom_payments_client import Payment

NAMES: Final = {"ky": "Кыргызча", "ru": "Русский", "en": "English"}
_FILE: Final = Path(__file__).with_name("texts.toml")
TEXTS: Final = msgspec.toml.decode(_FILE.read_bytes(), type=dict[str, dict[str, str]])


def status_word(status: str, language: str) -> str:
    """A payment's status as people say it; one that the shop does not know, as it is."""
    return TEXTS[language].get("failed_status" if status == "failed" else status, status)


def payment_word(payment: Payment, language: str) -> str:
    """How a payment stands. One that was given up did not time out: it may have been paid."""
    given_up = payment.status_reason == "unresolved"
    return TEXTS[language]["unresolved"] if given_up else status_word(payment.status, language)


def money(amount: Decimal, language: str) -> str:
    """`1 500,00 сом`, `1,500.00 som`: never broken over two lines."""
    text = f"{amount:,.2f}"
    if language != "en":
        text = text.replace(",", "\u00a0").replace(".", ",")
    return f"{text}\u00a0{TEXTS[language]['som']}"
