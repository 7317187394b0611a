"""The pay page's words in the three languages Elsom speaks."""

from typing import Final

TEXTS: Final = {
    "ky": {
        "brand": "Элсом",
        "sandbox": "сыноо",
        "language_name": "Тил",
        "title": "Элсом аркылуу төлөө",
        "merchant": "Дүкөн",
        "cheque": "Чек номери",
        "wallet": "Капчыктын номери",
        "wallet_hint": "0 менен башталган 10 сан",
        "code": "Бир жолку код",
        "pay": "Төлөө",
        "decline": "Баш тартуу",
        "timeout": "Убакыт бүтсүн",
        "note": "Акча алынбайт. Бир жолку код:",
        "wrong_wallet": "Капчыктын номери 0 менен башталган 10 сандан турат.",
        "wrong_code": "Бир жолку код туура эмес.",
        "back": "Дүкөнгө кайтуу",
        "no_way_back": "Дүкөндүн дареги жеке кабинетте көрсөтүлгөн эмес.",
        "unknown": "Мындай төлөм табылган жок.",
        "som": "сом",
    },
    "ru": {
        "brand": "Элсом",
        "sandbox": "песочница",
        "language_name": "Язык",
        "title": "Оплата через Элсом",
        "merchant": "Магазин",
        "cheque": "Номер чека",
        "wallet": "Номер кошелька",
        "wallet_hint": "10 цифр, начиная с 0",
        "code": "Одноразовый код",
        "pay": "Оплатить",
        "decline": "Отказаться",
        "timeout": "Выждать срок",
        "note": "Деньги не списываются. Одноразовый код:",
        "wrong_wallet": "Номер кошелька состоит из 10 цифр и начинается с 0.",
        "wrong_code": "Неверный одноразовый код.",
        "back": "Вернуться в магазин",
        "no_way_back": "Адрес магазина не указан в личном кабинете.",
        "unknown": "Такой платёж не найден.",
        "som": "сом",
    },
    "en": {
        "brand": "Elsom",
        "sandbox": "sandbox",
        "language_name": "Language",
        "title": "Pay with Elsom",
        "merchant": "Shop",
        "cheque": "Receipt number",
        "wallet": "Wallet number",
        "wallet_hint": "10 digits, beginning with 0",
        "code": "One-time code",
        "pay": "Pay",
        "decline": "Decline",
        "timeout": "Let it time out",
        "note": "No money moves. One-time code:",
        "wrong_wallet": "A wallet number is 10 digits, beginning with 0.",
        "wrong_code": "The one-time code is wrong.",
        "back": "Back to the shop",
        "no_way_back": "The merchant portal has no address of the shop.",
        "unknown": "There is no such payment.",
        "som": "som",
    },
}


def money(amount: str, language: str) -> str:
    """An amount as Elsom was sent it (`1500.5`), as people write it: `1 500,50 сом`."""
    som, _, fraction = amount.partition(".")
    separator, point = (",", ".") if language == "en" else ("\u00a0", ",")
    whole = f"{int(som):,}".replace(",", separator) if som.isdecimal() else som
    return f"{whole}{point}{fraction[:2]:0<2}\u00a0{TEXTS[language]['som']}"
