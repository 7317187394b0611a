"""The pages: help, the live view, and the pay page a customer meets."""

import re
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import parse_qs, urlencode

from sandbox import protocol
from sandbox.app import Sandbox
from sandbox.connection import Response, json_response
from sandbox.faults import FAULTS
from sandbox.live import Live
from sandbox.masking import masked_url
from sandbox.options import CHOICES, Options
from sandbox.scenarios import SCENARIOS
from sandbox.texts import TEXTS, money
from sandbox.transactions import Transaction

ONE_TIME_CODE: Final = "4321"
PAY_PATH: Final = "/merchant-payment/"
_HERE = Path(__file__).parent
# Ends the list of what describes a field, and marks it as the wrong one.
_WRONG: Final = ' error" aria-invalid="true'
_ACTIONS: Final = {"pay": "A", "decline": "4", "timeout": "2"}
_WALLET = re.compile(r"0[0-9]{9}")
_STATIC: Final = {
    "/static/sandbox.css": "text/css; charset=utf-8",
    "/static/live.js": "text/javascript; charset=utf-8",
    "/static/pay.js": "text/javascript; charset=utf-8",
}
# No form-action: the way back to the shop is a redirect of a form, which it would stop.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self';"
    " connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """Every path a browser opens here."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._live = Live(sandbox)
        self._files: dict[str, str] = {}

    def handle(self, verb: str, path: str, query: dict[str, str], body: bytes) -> Response | None:
        """Answer a browser's request; None when this is no page but a call."""
        reading = verb in ("GET", "HEAD")
        if path.startswith(PAY_PATH) and (reading or verb == "POST"):
            form = None if reading else body
            return self._pay_page(path.removeprefix(PAY_PATH), query.get("language", ""), form)
        if not reading:
            return None
        if path == "/":
            return self._help()
        if path == "/transactions":
            return self._page("transactions.html", 200, self._live.rows())
        if path == "/transactions/rows":
            return json_response(self._live.fresh_rows(query.get("version", "")))
        if path in _STATIC:
            return Response(200, self._file(path[1:]).encode(), _STATIC[path], _HEADERS)
        if path == "/favicon.ico":
            return Response(204)
        return None

    def _file(self, name: str) -> str:
        if name not in self._files:
            self._files[name] = (_HERE / name).read_text("utf-8")
        return self._files[name]

    def _filled(self, name: str, safe_values: dict[str, str]) -> str:
        return Template(self._file(f"templates/{name}")).substitute(safe_values)

    def _page(self, name: str, status: int, safe_values: dict[str, str]) -> Response:
        text = self._filled(name, safe_values)
        return Response(status, text.encode(), "text/html; charset=utf-8", _HEADERS)

    def _customers_page(
        self, content: str, status: int, language: str, safe_values: dict[str, str]
    ) -> Response:
        """What a customer meets, in their language: all pages have one head."""
        values = {name: escape(text) for name, text in TEXTS[language].items()} | safe_values
        values |= {"language": language, "languages": _language_links(language)}
        return self._page(
            "customer.html", status, values | {"content": self._filled(content, values)}
        )

    def _help(self) -> Response:
        wallets = "".join(
            f"<tr><td><code>{one.wallet}</code></td><td>{escape(one.description)}</td></tr>"
            for one in SCENARIOS.values()
        )
        options = "".join(
            f"<tr><td><code>{name}</code></td><td><code>{escape(_first_and_others(name, value))}"
            "</code></td></tr>"
            for name, value in Options().as_json().items()
        )
        return self._page(
            "help.html",
            200,
            {
                "wallets": wallets,
                "options": options,
                "faults": ", ".join(f"<code>{name}</code>" for name in FAULTS),
                "partner_code": protocol.PARTNER_CODE,
                "password": protocol.PASSWORD,
                "merchant_wallet": protocol.MERCHANT_WALLET,
                "code": ONE_TIME_CODE,
                "url": escape(self._sandbox.public_url),
                "portal": escape(masked_url(self._sandbox.store.portal_url) or "not set"),
            },
        )

    def _pay_page(self, page: str, language: str, form: bytes | None) -> Response:
        transaction = self._sandbox.store.of_page(page)
        if transaction is None:
            language = language if language in TEXTS else "ru"
            return self._state_page(404, language, TEXTS[language]["unknown"], None)
        if language not in TEXTS:
            language = protocol.language_of(transaction.culture_info)
        if form is not None:
            return self._decide(transaction, page, language, form)
        if transaction.pages[page] == "1":
            return self._form(transaction, language, "", "", 200)
        return self._ended(transaction, page, language, 200)

    def _decide(self, transaction: Transaction, page: str, language: str, form: bytes) -> Response:
        fields = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True)
        action = fields.get("action", [""])[0]
        wallet = re.sub(r"[\s-]", "", fields.get("wallet", [""])[0])
        code = re.sub(r"\s", "", fields.get("code", [""])[0])
        status = _ACTIONS.get(action)
        if status is None or transaction.pages[page] != "1":
            return self._ended(transaction, page, language, 409)
        texts = TEXTS[language]
        if status == "A" and not _WALLET.fullmatch(wallet):
            return self._form(transaction, language, wallet, texts["wrong_wallet"], 422)
        if status == "A" and code != ONE_TIME_CODE:
            return self._form(transaction, language, wallet, texts["wrong_code"], 422)
        wallet = wallet if _WALLET.fullmatch(wallet) else ""
        if not self._sandbox.elsom.settle_on_page(page, status, wallet):
            return self._ended(transaction, page, language, 409)
        own = f"{PAY_PATH}{page}?{urlencode({'language': language})}"
        return Response(303, headers={"Location": self._sandbox.elsom.way_back(transaction) or own})

    def _form(
        self, transaction: Transaction, language: str, wallet: str, error: str, status: int
    ) -> Response:
        values = {
            "shop_name": escape(f"Merchant {protocol.PARTNER_CODE}"),
            "amount_value": escape(money(transaction.amount, language)),
            "cheque_value": escape(transaction.cheque_no or "—"),
            "wallet_value": escape(wallet or transaction.msisdn),
            "one_time_code": ONE_TIME_CODE,
            "error": f'<p class="error" id="error" role="alert">{escape(error)}</p>'
            if error
            else "",
            "wallet_error": _WRONG if error == TEXTS[language]["wrong_wallet"] else "",
            "code_error": _WRONG if error == TEXTS[language]["wrong_code"] else "",
        }
        return self._customers_page("pay.html", status, language, values)

    def _ended(self, transaction: Transaction, page: str, language: str, status: int) -> Response:
        message = protocol.status_message(transaction.pages[page], language)
        return self._state_page(status, language, message, transaction)

    def _state_page(
        self, status: int, language: str, message: str, transaction: Transaction | None
    ) -> Response:
        texts = TEXTS[language]
        url = None if transaction is None else self._sandbox.elsom.way_back(transaction)
        back = f'<a class="button" href="{escape(url)}">{texts["back"]}</a>' if url else ""
        if transaction is not None and url is None:
            back = f"<p>{escape(texts['no_way_back'])}</p>"
        values = {"message": escape(message), "back": back}
        return self._customers_page("ended.html", status, language, values)


def _first_and_others(name: str, value: object) -> str:
    others = CHOICES.get(name, ("false", "true") if isinstance(value, bool) else (str(value),))
    first = str(value).lower() if isinstance(value, bool) else str(value)
    return " | ".join([first, *(other for other in others if other != first)])


def _language_links(current: str) -> str:
    names = {"ky": "Кыргызча", "ru": "Русский", "en": "English"}
    return " ".join(
        f'<a href="?language={code}" lang="{code}"'
        + (' aria-current="true"' if code == current else "")
        + f">{name}</a>"
        for code, name in names.items()
    )
