"""The shop over HTTP. What changes while a page is open lies in a part that the script renews."""

import re
import secrets
from typing import Any, Final, cast

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import SecurityError
from werkzeug.local import LocalProxy

from demo_shop import texts
from demo_shop.shop import GOODS, Order, Shop
from demo_shop.stack import StackMissing
from elsom_payments_client import ApiError, ApiUnreachable, WrongSignature

_HEADERS: Final = {
    "Cache-Control": "no-store",
    # No form-action: buying is a form whose answer leads to Elsom.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self';"
    " connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
pages = Blueprint("pages", __name__)
pages.add_url_rule("/health", "health", lambda: "ok")
shop: Final = cast("Shop", LocalProxy(lambda: current_app.extensions["shop"]))


def create_app(of: Shop) -> Flask:
    """The application of one shop; another site's name does not lead to it."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=256 * 1024, TRUSTED_HOSTS=["127.0.0.1", "localhost"])
    app.extensions["shop"] = of
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.register_blueprint(pages)
    app.register_error_handler(SecurityError, lambda _: ("Not this host.", 421))
    app.register_error_handler(404, lambda _: (_page("message.html", word="unknown"), 404))
    for error in (ApiError, ApiUnreachable, StackMissing):
        app.register_error_handler(error, _no_answer)
    return app


@pages.after_app_request
def _guard(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response


@pages.get("/")
def _front() -> str:
    if order := shop.order_of(request.args.get("paymentId", "")):
        return _order("order.html", order, order.language)
    return _page("front.html", goods=GOODS, orders=shop.orders(), new_key=secrets.token_hex)


@pages.get("/orders/<payment_id>", defaults={"template": "order.html"})
@pages.get("/orders/<payment_id>/live", defaults={"template": "live.html"})
def _one_order(payment_id: str, template: str) -> str:
    return _order(template, shop.order_of(payment_id) or abort(404), _language())


@pages.post("/buy")
def _buy() -> ResponseReturnValue:
    good = GOODS.get(request.form.get("good", ""))
    key = request.form.get("key", "")
    if good is None or not re.fullmatch(r"[0-9a-f]{16}", key):
        return _page("message.html", word="unknown"), 400
    payment = shop.buy(key, good, _language())
    return redirect(payment.checkout_url or f"/orders/{payment.id}", 303)


@pages.post("/webhooks")
def _webhook() -> ResponseReturnValue:
    try:
        shop.receive(request.get_data(), dict(request.headers))
    except WrongSignature:
        return "The signature is wrong.", 401
    return "", 204


def _no_answer(error: Exception) -> ResponseReturnValue:
    page = _page("message.html", word="failed", error=error)
    return page, 502 if isinstance(error, ApiError) else 503


def _language() -> str:
    language = request.args.get("lang", "")
    return language if language in texts.TEXTS else "ru"


def _order(template: str, order: Order, language: str) -> str:
    payment, timeline = shop.look(order)
    hint = request.args.get("status", "")[:30]
    return _page(template, language, order=order, payment=payment, timeline=timeline, hint=hint)


def _page(template: str, language: str = "", **values: Any) -> str:
    language = language or _language()
    words = texts.TEXTS[language]
    return render_template(template, texts=texts, language=language, words=words, **values)
