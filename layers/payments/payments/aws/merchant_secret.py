"""The merchant's secret, and its cache."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from payments.domain.clock import MINUTE, SECOND, Clock, now_ms
from payments.domain.errors import NotConfigured
from payments.domain.signed_urls import is_signed
from payments.elsom.protocol import Merchant

MAX_AGE: Final = 4 * MINUTE
REREAD_INTERVAL: Final = 10 * SECOND


class MerchantSecret(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The secret's JSON. Lists are newest first: every entry verifies, the first one signs."""

    partner_code: str = ""
    password: str = ""
    merchant_msisdn: str = ""
    callback_token: str = ""
    previous_callback_token: str = ""
    page_signing_keys: tuple[str, ...] = ()
    webhook_secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Hide what is inside."""
        return "MerchantSecret(...)"

    def elsom(self) -> Merchant:
        """Who we are to Elsom; raise NotConfigured while placeholders are left."""
        if not (self.partner_code and self.password and self.merchant_msisdn):
            msg = "partnerCode, password and merchantMsisdn of the secret are not filled in"
            raise NotConfigured(msg)
        return Merchant(
            partner_code=self.partner_code, password=self.password, msisdn=self.merchant_msisdn
        )

    def hidden(self) -> tuple[str, ...]:
        """Every secret text, to mask where a message of Elsom's repeats it."""
        tokens = (self.callback_token, self.previous_callback_token)
        known = (self.password, self.merchant_msisdn, *tokens)
        return tuple(filter(None, (*known, *self.page_signing_keys, *self.webhook_secrets)))

    def signing_key(self) -> str:
        """The key that signs URLs; raise NotConfigured while there is none."""
        if not any(self.page_signing_keys[:1]):
            msg = "pageSigningKeys of the secret is empty"
            raise NotConfigured(msg)
        return self.page_signing_keys[0]

    def knows_token(self, token: str) -> bool:
        """Whether this is the token in the merchant portal's URL, or the previous one."""
        known = (self.callback_token, self.previous_callback_token)
        return any(_same(token, candidate) for candidate in known if candidate)


class MerchantSecretCache:
    """The secret, read again after four minutes; while that fails, the old value is used."""

    def __init__(self, read: Callable[[], str], clock: Clock = now_ms) -> None:
        self._read = read
        self._clock = clock
        self._secret: MerchantSecret | None = None
        self._read_at = 0
        self._tried_at = 0

    def get(self) -> MerchantSecret:
        """The secret; raise NotConfigured where it was never read."""
        now = self._clock()
        stale = now - self._read_at >= MAX_AGE and now - self._tried_at >= REREAD_INTERVAL
        if self._secret is None or stale:
            self._refresh()
        if self._secret is None:
            msg = "the merchant's secret cannot be read"
            raise NotConfigured(msg)
        return self._secret

    def get_fresh(self) -> MerchantSecret:
        """The secret read again, at most every ten seconds: something did not match it."""
        if self._clock() - self._tried_at >= REREAD_INTERVAL:
            self._refresh()
        return self.get()

    def knows_token(self, token: str) -> bool:
        """Whether the secret has this token; it is read again before the answer is no."""
        return self.get().knows_token(token) or self.get_fresh().knows_token(token)

    def verifies_page(self, payment_id: str, signature: str) -> bool:
        """Whether a signing key made this page's signature; read again as for the token."""
        return any(
            is_signed("page", payment_id, signature, secret().page_signing_keys)
            for secret in (self.get, self.get_fresh)
        )

    def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            self._secret = msgspec.json.decode(self._read(), type=MerchantSecret)
        except (ClientError, BotoCoreError, msgspec.MsgspecError):
            return
        self._read_at = self._tried_at


def secrets_manager_reader(client: Any, arn: str) -> Callable[[], str]:
    """A function that reads the secret's current version."""
    return lambda: str(client.get_secret_value(SecretId=arn)["SecretString"])


def _same(left: str, right: str) -> bool:
    # A path may hold surrogates, which UTF-8 cannot encode; such a token is wrong as well.
    return hmac.compare_digest(left.encode(errors="surrogatepass"), right.encode())
