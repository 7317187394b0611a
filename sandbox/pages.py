"""The pages: help, the live view, and the pay page a customer meets."""

import re
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox import protocol, texts
from sandbox.control import answer
from sandbox.elsom import SCENARIOS
from sandbox.faults import FAULTS
from sandbox.parts import here
from sandbox.transactions import Transaction

ONE_TIME_CODE: Final = "4321"
_NEWEST: Final = slice(None, -201, -1)
_ACTIONS: Final = {"pay": "A", "decline": "4", "timeout": "2"}
_HIDDEN: Final = "••••••"
_PASSWORD_FIELD: Final = re.compile(
    r"""(["']?password["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}&]+)""", re.IGNORECASE
)
_WALLET: Final = re.compile(r"(?<![0-9A-Za-z])(0[0-9]{3})[0-9]{3}([0-9]{3})(?![0-9A-Za-z])")
# No form-action: the way back to the shop is a redirect of a form, which it would stop.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self';"
    " connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
pages = Blueprint("pages", __name__)
pages.add_url_rule("/", "help", lambda: render_template("help.html"))
pages.add_url_rule("/transactions", "live", lambda: render_template("transactions.html", **_rows()))
pages.add_url_rule("/favicon.ico", "icon", lambda: ("", 204))


@pages.app_template_filter()
def masked(text: str) -> str:
    """Hide passwords and the middle of wallet numbers, also in text that is not JSON."""
    text = _PASSWORD_FIELD.sub(rf"\1{_HIDDEN}", text).replace(protocol.PASSWORD, _HIDDEN)
    return _WALLET.sub(r"\1***\2", text)


@pages.app_template_filter()
def masked_url(url: str) -> str:
    """Hide the last part of the portal URL's path: it is the merchant's token."""
    return re.sub(r"(//[^/]+/(?:.*/)?)[^/]+/?$", rf"\1{_HIDDEN}", url)


@pages.after_app_request
def _guard(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    if request.blueprint == pages.name or request.endpoint == "static":
        response.headers.update(_HEADERS)
    return response


@pages.app_context_processor
def _known_to_all() -> dict[str, object]:
    known = {"here": here, "protocol": protocol, "texts": texts, "one_time_code": ONE_TIME_CODE}
    return {**known, "scenarios": SCENARIOS, "faults": FAULTS, "options": protocol.READINGS}


@pages.get("/transactions/rows")
def _fresh_rows() -> Response:
    """`{"version"}` alone when nothing changed since the page's, else also the rows."""
    version = request.args.get("version")
    return answer({"version": version} if version == here.store.version else _rows())


def _rows() -> dict[str, object]:
    return {
        "version": here.store.version,
        "transactions": [
            render_template("row_of_transaction.html", one=one)
            for one in list(here.store.known.values())[_NEWEST]
        ],
        "calls": [
            render_template("row_of_call.html", call=call) for call in list(here.calls)[_NEWEST]
        ],
    }


@pages.get("/merchant-payment/<page>")
def _pay_page(page: str) -> ResponseReturnValue:
    one = here.store.of_page(page)
    return _customers_page(one, page), 404 if one is None else 200


@pages.post("/merchant-payment/<page>")
def _decide(page: str) -> ResponseReturnValue:
    one = here.store.of_page(page)
    if one is None:
        return _customers_page(one, page), 404
    wallet = re.sub(r"[\s-]", "", request.form.get("wallet", ""))
    code = re.sub(r"\s", "", request.form.get("code", ""))
    is_wallet = bool(protocol.WALLET.fullmatch(wallet))
    status = _ACTIONS.get(request.form.get("action", ""), "")
    if status == "A" and one.pages[page] == "1" and not (is_wallet and code == ONE_TIME_CODE):
        return _customers_page(one, page, wallet, "code" if is_wallet else "wallet"), 422
    if not status or not here.elsom.settle_on_page(page, status, wallet if is_wallet else ""):
        return _customers_page(one, page), 409
    own = f"{request.path}?language={_language(one)}"
    return redirect(here.elsom.way_back(one) or own, 303)


def _language(one: Transaction | None) -> str:
    """The language that the customer chose, or that of the start."""
    chosen = request.args.get("language", "")
    return chosen if chosen in texts.TEXTS else texts.language_of(one.culture_info if one else "")


def _customers_page(one: Transaction | None, page: str, wallet: str = "", wrong: str = "") -> str:
    """The form while the page is open, then what became of it; `wrong` names a field."""
    language = _language(one)
    status = one.pages[page] if one else ""
    return render_template(
        "pay.html" if status == "1" else "ended.html",
        one=one,
        status=status,
        wallet=wallet,
        wrong=wrong,
        language=language,
        words=texts.TEXTS[language],
    )
