"""The words of the customer's pages, in Kyrgyz, Russian and English; see docs/glossary.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from payments.domain.money import Tyiyn, format_som
from payments.pages.state import State

LANGUAGES: Final = ("ky", "ru", "en")
_NO_BREAK_SPACE: Final = "\u00a0"


class Notice(StrEnum):
    """What a page says that is not about one payment."""

    CAME_BACK = "came-back"
    NOT_FOUND = "not-found"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"


class Words(NamedTuple):
    """A heading, what happened, and the customer's next step (empty: the button says it)."""

    title: str
    says: str
    step: str


class Language(NamedTuple):
    """All words of one language. `thousands` and `decimals` are how its numbers are written."""

    states: Mapping[State, Words]
    notices: Mapping[Notice, Words]
    do_not_pay_again: str
    keep_checking: str
    paid_do_not_pay: str
    shop_decides: str
    amount: str
    order: str
    back: str
    may_close: str
    no_answer_yet: str
    check_again: str
    not_paid_yet: str
    currency: str
    thousands: str
    decimals: str


_KY_WAIT: Final = "Күтө туруңуз: бет өзү жаңырат."
_KY_LOOK: Final = "Капчыгыңыздан акча алынган-алынбаганын текшериңиз."
_KY_RETRY: Final = "Эгер төлөй элек болсоңуз, дүкөнгө кайтып, төлөмдү кайрадан баштаңыз."
_KY: Final = Language(
    states={
        State.WAITING: Words(
            "Төлөм текшерилип жатат",
            "Элсомдун жообун күтүп жатабыз, адатта бул бир мүнөткө жетпейт."
            " Бул бетти жапсаңыз да, төлөм тууралуу дүкөнгө маалым болот.",
            _KY_WAIT,
        ),
        State.UNKNOWN: Words(
            "Элсомдун бетин ачууга болбоду",
            "Төлөм түзүлгөн-түзүлбөгөнүн азырынча билбейбиз, Элсомдон сурай беребиз."
            " Кайрадан баштабаңыз: төлөм түзүлгөн болсо, дүкөнгө маалым болот."
            " Бул көпкө созулушу мүмкүн.",
            "Бул бетти жапсаңыз болот.",
        ),
        State.PAID: Words(
            "Төлөм кабыл алынды",
            "Баары ойдогудай. Төлөм тууралуу дүкөнгө өзүбүз кабарлайбыз,"
            " эч нерсени ырастоонун кереги жок.",
            "",
        ),
        State.LATE: Words(
            "Төлөм кечигип түштү",
            "Акча түштү, бирок буйрутманы төлөө мөөнөтү бүтүп калган эле.",
            "Дүкөнгө кайрылып, буйрутманын номерин айтыңыз.",
        ),
        State.EXPIRED: Words(
            "Төлөө мөөнөтү бүттү", f"Төлөм өз убагында аягына чыккан жок. {_KY_LOOK}", _KY_RETRY
        ),
        State.UNRESOLVED: Words(
            "Төлөмдүн жыйынтыгы белгисиз",
            "Элсом бул төлөм кантип аяктаганын билдирген жок. Акча алынган болушу мүмкүн.",
            "Дүкөнгө кайрылып, буйрутманын номерин айтыңыз.",
        ),
        State.CANCELLED: Words(
            "Төлөм жокко чыгарылды",
            f"Бул буйрутма боюнча төлөм жокко чыгарылды. {_KY_LOOK}",
            _KY_RETRY,
        ),
        State.FAILED: Words(
            "Төлөм өткөн жок", f"Элсом бул төлөмдү өткөргөн жок. {_KY_LOOK}", _KY_RETRY
        ),
        State.UNSENT: Words(
            "Төлөм башталган жок",
            "Бул төлөм Элсомго жөнөтүлгөн жок, акча алынган жок.",
            "Дүкөнгө кайтып, төлөмдү кайрадан баштаңыз.",
        ),
    },
    notices={
        Notice.CAME_BACK: Words(
            "Дүкөнгө кайтыңыз",
            "Кайсы буйрутманы төлөгөнүңүздү аныктай албадык: Элсом башка браузерди ачканда"
            " ушундай болот. Төлөмдүн жыйынтыгы дүкөнгө маалым болот.",
            "Жыйынтыкты дүкөндөгү буйрутмаңыздан көрөсүз.",
        ),
        Notice.NOT_FOUND: Words(
            "Бет табылган жок",
            "Шилтеме толук эмес же туура эмес.",
            "Аны дүкөндөгү буйрутмаңыздан кайра ачыңыз.",
        ),
        Notice.UNAVAILABLE: Words(
            "Бет убактылуу ачылбай жатат",
            "Бир аздан кийин баары кайра иштейт, төлөмүңүз жоголбойт.",
            "Бир мүнөттөн кийин кайра аракет кылыңыз.",
        ),
        Notice.BROKEN: Words(
            "Бетти ачууда ката кетти",
            "Ката тууралуу маалымат сакталды, төлөмүңүз жоголбойт.",
            "Бир мүнөттөн кийин кайра аракет кылыңыз.",
        ),
    },
    do_not_pay_again="Эгер төлөп койгон болсоңуз, кайра төлөбөңүз.",
    keep_checking="Төлөмдү дагы бир жолу текшеребиз. Акча түшкөн болсо, дүкөнгө маалым болот:"
    " ал товарды берет же акчаны кайтарат.",
    paid_do_not_pay="Кайра төлөбөңүз.",
    shop_decides="Акчаңыз жоголгон жок: дүкөн бул төлөмдү көрүп турат,"
    " товарды берет же акчаны кайтарат.",
    amount="Суммасы",
    order="Буйрутманын номери",
    back="Дүкөнгө кайтуу",
    may_close="Бул бетти жапсаңыз болот.",
    no_answer_yet="Элсомдон азырынча жооп жок.",
    check_again="Кайра текшерүү",
    not_paid_yet="Али төлөй элексизби? Төлөмгө өтүү",
    currency="сом",
    thousands=_NO_BREAK_SPACE,
    decimals=",",
)

_RU_WAIT: Final = "Подождите: страница обновится сама."
_RU_LOOK: Final = "Проверьте в кошельке, списались ли деньги."
_RU_RETRY: Final = "Если вы не платили, вернитесь в магазин и начните оплату заново."
_RU: Final = Language(
    states={
        State.WAITING: Words(
            "Проверяем оплату",
            "Ждём ответа от Элсом, обычно это меньше минуты."
            " Магазин узнает об оплате, даже если вы закроете эту страницу.",
            _RU_WAIT,
        ),
        State.UNKNOWN: Words(
            "Не удалось открыть страницу Элсом",
            "Мы пока не знаем, создан ли платёж, и продолжаем спрашивать Элсом."
            " Не начинайте заново: магазин узнает, если платёж создан."
            " Это может занять много времени.",
            "Эту страницу можно закрыть.",
        ),
        State.PAID: Words(
            "Оплата прошла",
            "Всё в порядке. Мы сами сообщим магазину об оплате, подтверждать ничего не нужно.",
            "",
        ),
        State.LATE: Words(
            "Оплата пришла позже срока",
            "Деньги получены, но время на оплату заказа уже вышло.",
            "Свяжитесь с магазином и назовите номер заказа.",
        ),
        State.EXPIRED: Words(
            "Время на оплату вышло", f"Платёж не был завершён вовремя. {_RU_LOOK}", _RU_RETRY
        ),
        State.UNRESOLVED: Words(
            "Итог оплаты неизвестен",
            "Элсом не сообщил, чем закончился этот платёж. Деньги могли быть списаны.",
            "Свяжитесь с магазином и назовите номер заказа.",
        ),
        State.CANCELLED: Words(
            "Платёж отменён", f"Платёж по этому заказу отменён. {_RU_LOOK}", _RU_RETRY
        ),
        State.FAILED: Words(
            "Оплата не прошла", f"Элсом не провёл этот платёж. {_RU_LOOK}", _RU_RETRY
        ),
        State.UNSENT: Words(
            "Оплата не началась",
            "Платёж не был отправлен в Элсом, деньги не списаны.",
            "Вернитесь в магазин и начните оплату заново.",
        ),
    },
    notices={
        Notice.CAME_BACK: Words(
            "Вернитесь в магазин",
            "Не удалось определить, какой заказ вы оплачивали: так бывает, когда Элсом открывает"
            " другой браузер. Магазин узнает итог оплаты и без этой страницы.",
            "Итог вы увидите в своём заказе в магазине.",
        ),
        Notice.NOT_FOUND: Words(
            "Страница не найдена",
            "Ссылка неполная или неверная.",
            "Откройте её ещё раз из своего заказа в магазине.",
        ),
        Notice.UNAVAILABLE: Words(
            "Страница временно недоступна",
            "Скоро всё снова заработает, ваш платёж не потеряется.",
            "Попробуйте ещё раз через минуту.",
        ),
        Notice.BROKEN: Words(
            "Страница не открылась из-за ошибки",
            "Мы уже знаем об ошибке, ваш платёж не потеряется.",
            "Попробуйте ещё раз через минуту.",
        ),
    },
    do_not_pay_again="Если вы уже оплатили, не платите ещё раз.",
    keep_checking="Мы ещё раз проверим платёж. Если деньги поступили, магазин узнает:"
    " он отдаст товар или вернёт деньги.",
    paid_do_not_pay="Не платите ещё раз.",
    shop_decides="Деньги не потеряны: магазин видит эту оплату и отдаст товар или вернёт деньги.",
    amount="Сумма",
    order="Номер заказа",
    back="Вернуться в магазин",
    may_close="Эту страницу можно закрыть.",
    no_answer_yet="Ответа от Элсом пока нет.",
    check_again="Проверить ещё раз",
    not_paid_yet="Ещё не оплатили? Перейти к оплате",
    currency="сом",
    thousands=_NO_BREAK_SPACE,
    decimals=",",
)

_EN_WAIT: Final = "Please wait: this page updates itself."
_EN_LOOK: Final = "Look in your wallet whether the money was taken."
_EN_RETRY: Final = "If you have not paid, go back to the shop and start the payment again."
_EN: Final = Language(
    states={
        State.WAITING: Words(
            "Checking your payment",
            "We are waiting for Elsom's answer, usually less than a minute."
            " The shop will learn of your payment even if you close this page.",
            _EN_WAIT,
        ),
        State.UNKNOWN: Words(
            "Elsom's page could not be opened",
            "We do not know yet whether the payment was created, and keep asking Elsom."
            " Do not start again: the shop will learn whether it was created."
            " This can take a long time.",
            "You can close this page.",
        ),
        State.PAID: Words(
            "Payment received",
            "All is well. We tell the shop ourselves; there is nothing to confirm.",
            "",
        ),
        State.LATE: Words(
            "Your payment came late",
            "The money has arrived, but the time to pay for this order was over.",
            "Contact the shop and give them the order number.",
        ),
        State.EXPIRED: Words(
            "The time to pay is over",
            f"The payment was not completed in time. {_EN_LOOK}",
            _EN_RETRY,
        ),
        State.UNRESOLVED: Words(
            "The result of your payment is not known",
            "Elsom has not told us how this payment ended. The money may have been taken.",
            "Contact the shop and give them the order number.",
        ),
        State.CANCELLED: Words(
            "Payment cancelled",
            f"The payment for this order was cancelled. {_EN_LOOK}",
            _EN_RETRY,
        ),
        State.FAILED: Words(
            "The payment did not go through",
            f"Elsom did not carry out this payment. {_EN_LOOK}",
            _EN_RETRY,
        ),
        State.UNSENT: Words(
            "The payment was not started",
            "This payment was never sent to Elsom; no money was taken.",
            "Go back to the shop and start the payment again.",
        ),
    },
    notices={
        Notice.CAME_BACK: Words(
            "Go back to the shop",
            "We could not tell which order you paid for; that happens when Elsom opens another"
            " browser. The shop learns the result without this page.",
            "You will see the result in your order at the shop.",
        ),
        Notice.NOT_FOUND: Words(
            "Page not found",
            "The link is incomplete or wrong.",
            "Open it again from your order at the shop.",
        ),
        Notice.UNAVAILABLE: Words(
            "This page is not available right now",
            "It will work again soon; your payment is not lost.",
            "Try again in a minute.",
        ),
        Notice.BROKEN: Words(
            "This page could not be opened",
            "We know about the error; your payment is not lost.",
            "Try again in a minute.",
        ),
    },
    do_not_pay_again="If you have paid, do not pay again.",
    keep_checking="We will check the payment again. If the money has arrived, the shop will know:"
    " it delivers, or pays you back.",
    paid_do_not_pay="Do not pay again.",
    shop_decides="Your money is not lost: the shop sees this payment and delivers, or pays you"
    " back.",
    amount="Amount",
    order="Order number",
    back="Back to the shop",
    may_close="You can close this page.",
    no_answer_yet="No answer from Elsom yet.",
    check_again="Check again",
    not_paid_yet="Not paid yet? Go on to payment",
    currency="som",
    thousands=",",
    decimals=".",
)

TEXTS: Final[Mapping[str, Language]] = {"ky": _KY, "ru": _RU, "en": _EN}


def money(amount: int, language: Language) -> str:
    """An amount in tyiyn as people write it, `1 500,00 сом`, never broken over two lines."""
    som, _, fraction = format_som(Tyiyn(amount)).partition(".")
    whole = f"{int(som):,}".replace(",", language.thousands)
    return f"{whole}{language.decimals}{fraction}{_NO_BREAK_SPACE}{language.currency}"


def preferred_language(accepted: str) -> str:
    """The first of our languages that a browser's `Accept-Language` names; else Kyrgyz."""
    named = (part.strip()[:2].lower() for part in accepted.split(","))
    return next((code for code in named if code in LANGUAGES), LANGUAGES[0])
