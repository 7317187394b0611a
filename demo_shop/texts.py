"""The shop's words in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from elsom_payments_client import Payment

NAMES: Final = {"ky": "Кыргызча", "ru": "Русский", "en": "English"}
TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "ky": {
        "shop": "Сыноо дүкөнү",
        "lead": "Товарды тандап, Элсом аркылуу төлөп көрүңүз. Акча алынбайт.",
        "buy": "Элсом аркылуу төлөө",
        "order": "Буйрутма",
        "orders": "Буйрутмалар",
        "back": "Дүкөнгө кайтуу",
        "pay": "Төлөмгө өтүү",
        "hint": "Шилтемеде көрсөтүлгөнү (далил эмес)",
        "announced": "Вебхуктун билдиргени",
        "api": "API жообу",
        "nothing": "азырынча эч нерсе",
        "webhooks": "Келген вебхуктар",
        "timeline": "Төлөмдүн тарыхы",
        "at": "Убактысы",
        "what": "Эмне болду",
        "details": "Чоо-жайы",
        "event": "Окуя",
        "times": "Канча жолу",
        "live": "Бет өзү жаңырып турат.",
        "unknown": "Мындай буйрутма жок.",
        "failed": "Төлөмдү баштоого болбоду",
        "som": "сом",
        "created": "түзүлдү",
        "start_unknown": "башталган-башталбаганы белгисиз",
        "pending": "төлөм күтүлүүдө",
        "paid": "төлөндү",
        "expired": "мөөнөтү бүттү",
        "unresolved": "жыйынтыгы белгисиз: кайра төлөбөңүз, дүкөнгө кайрылыңыз",
        "cancelled": "жокко чыгарылды",
        "failed_status": "төлөм өткөн жок",
    },
    "ru": {
        "shop": "Пробный магазин",
        "lead": "Выберите товар и оплатите через Элсом. Деньги не списываются.",
        "buy": "Оплатить через Элсом",
        "order": "Заказ",
        "orders": "Заказы",
        "back": "Вернуться в магазин",
        "pay": "Перейти к оплате",
        "hint": "Написано в адресе (не доказательство)",
        "announced": "Сообщил вебхук",
        "api": "Отвечает API",
        "nothing": "пока ничего",
        "webhooks": "Пришедшие вебхуки",
        "timeline": "История платежа",
        "at": "Время",
        "what": "Что произошло",
        "details": "Подробности",
        "event": "Событие",
        "times": "Сколько раз",
        "live": "Страница обновляется сама.",
        "unknown": "Такого заказа нет.",
        "failed": "Не удалось начать оплату",
        "som": "сом",
        "created": "создан",
        "start_unknown": "неизвестно, начат ли",
        "pending": "ожидает оплаты",
        "paid": "оплачен",
        "expired": "время вышло",
        "unresolved": "итог неизвестен: не платите ещё раз, свяжитесь с магазином",
        "cancelled": "отменён",
        "failed_status": "не прошёл",
    },
    "en": {
        "shop": "Demo shop",
        "lead": "Choose something and pay for it with Elsom. No money moves.",
        "buy": "Pay with Elsom",
        "order": "Order",
        "orders": "Orders",
        "back": "Back to the shop",
        "pay": "Go on to payment",
        "hint": "The URL says (no proof)",
        "announced": "The webhook said",
        "api": "The API says",
        "nothing": "nothing yet",
        "webhooks": "Webhooks that arrived",
        "timeline": "The payment's timeline",
        "at": "At",
        "what": "What",
        "details": "Details",
        "event": "Event",
        "times": "Times",
        "live": "This page updates itself.",
        "unknown": "There is no such order.",
        "failed": "The payment could not be started",
        "som": "som",
        "created": "created",
        "start_unknown": "not known whether started",
        "pending": "waits for payment",
        "paid": "paid",
        "expired": "timed out",
        "unresolved": "result unknown: do not pay again, contact the shop",
        "cancelled": "cancelled",
        "failed_status": "failed",
    },
}


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
