"""Start a payment: it is stored before anything is sent, and sent at most once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec

from payments.domain.clock import SECOND, Clock
from payments.domain.errors import (
    ElsomRefused,
    ElsomUnreachable,
    IdempotencyKeyReused,
    StartInProgress,
    StoreUnavailable,
    WriteConflict,
)
from payments.domain.ids import derive_id
from payments.domain.masking import mask_msisdn
from payments.domain.money import Tyiyn, parse_som
from payments.domain.payment import Payment, Policy, Status
from payments.domain.payment_request import PaymentRequest
from payments.domain.signed_urls import sign
from payments.domain.transitions import (
    START_RUNS_AT_MOST,
    begin_attempt,
    never_sent,
    settle_without_query,
    start_accepted,
    start_died,
    start_refused,
    start_unknown,
    take_back_attempt,
)
from payments.elsom.gateway import Elsom, NothingSent, StartOutcome
from payments.elsom.protocol import Accepted, Merchant, Refused, Start
from payments.store.payments import Payments, apply, new_token

# Seconds of the function's time that are kept for storing how the start ended.
TIME_TO_RECORD: Final = 6.0
SHORTEST_START: Final = 5.0
_KEY_NAME_LENGTH: Final = 6
_DIGEST_LENGTH: Final = 12


class StartDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What a start works with.

    `signing_keys`, newest first: the newest makes a wallet number's digest, each can compare one.
    """

    payments: Payments
    elsom: Elsom
    merchant: Callable[[], Merchant]
    policy: Policy
    clock: Clock
    stack_id: str
    signing_keys: Callable[[], Sequence[str]] = tuple


class StartResult(msgspec.Struct, frozen=True, kw_only=True):
    """The payment after the call; `replayed` where an earlier call created it."""

    payment: Payment
    replayed: bool = False


def start_payment(
    request: PaymentRequest, key: str, seconds_left: Callable[[], float], deps: StartDeps
) -> StartResult:
    """Create the payment of this idempotency key and send its one start, or return what is stored.

    `seconds_left` says how long the function may still run.

    Raises NotConfigured and StoreUnavailable (nothing sent), IdempotencyKeyReused,
    StartInProgress, ElsomRefused, ElsomUnreachable (nothing sent, the key may be used again).
    """
    merchant = deps.merchant()
    payment = _new_payment(request, key, deps)
    try:
        deps.payments.insert(payment)
    except WriteConflict as conflict:
        stored: Payment = conflict.current
        _require_same_request(stored, payment, request.customer_msisdn, deps.signing_keys())
        if not _runs(stored, payment.attempt_id):
            resumed = _resume(stored, deps)
            if not resumed.may_send:
                return StartResult(payment=resumed.payment, replayed=True)
            stored = resumed.payment
        payment = stored
    return _send(payment, request.customer_msisdn, merchant, seconds_left, deps)


def payment_id(stack_id: str, key: str) -> str:
    """The id that this key has in this stack."""
    return derive_id("payment", stack_id, key)


def fingerprint(request: PaymentRequest) -> str:
    """A digest that two requests share if they are the same after parsing (`1500` is `1500.00`).

    It covers the masked wallet number only. From a digest of the whole number the hidden digits
    could be found by trying.
    """
    msisdn = request.customer_msisdn
    masked = msgspec.structs.replace(request, customer_msisdn=msisdn and mask_msisdn(msisdn))
    fields = msgspec.to_builtins(masked) | {"amount": parse_som(request.amount)}
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()[:32]


def wallet_digest(payment_id: str, msisdn: str, key: str) -> str:
    """The HMAC of this payment's wallet number under a key, after the key's name."""
    name = sign("key-name", "", key)[:_KEY_NAME_LENGTH]
    return f"{name}.{sign('wallet', f'{payment_id} {msisdn}', key)[:_DIGEST_LENGTH]}"


def _new_payment(request: PaymentRequest, key: str, deps: StartDeps) -> Payment:
    now = deps.clock()
    msisdn, keys = request.customer_msisdn, deps.signing_keys()
    identifier = payment_id(deps.stack_id, key)
    payment = Payment(
        id=identifier,
        status=Status.CREATED,
        amount=parse_som(request.amount),
        order_id=request.order_id,
        language=request.language,
        fingerprint=fingerprint(request),
        created_at=now,
        updated_at=now,
        sequence=now,
        expires_at=now + deps.policy.lifetime,
        customer_msisdn=mask_msisdn(msisdn) if msisdn else None,
        wallet_digest=(wallet_digest(identifier, msisdn, keys[0]) if msisdn and keys else None),
        cashier_no=request.cashier_no or None,
        description=request.description or None,
        metadata=request.metadata or None,
        return_url=request.return_url,
        timeline=({"at": now, "what": "created"},),
    )
    return begin_attempt(payment, new_token(), now, deps.policy)


def _runs(payment: Payment, attempt_id: str | None) -> bool:
    """Whether this attempt is the one that runs.

    It may be this call's own after a conflict too: boto3 repeats a write whose answer was lost, and
    the repeat then meets the write itself.
    """
    return (
        payment.status is Status.CREATED
        and payment.attempt_at is not None
        and payment.attempt_id == attempt_id
    )


def _require_same_request(
    stored: Payment, ours: Payment, msisdn: str | None, keys: Sequence[str]
) -> None:
    if stored.fingerprint != ours.fingerprint or not _same_wallet(stored, msisdn, keys):
        msg = "this Idempotency-Key was used with another request"
        raise IdempotencyKeyReused(msg)


def _same_wallet(stored: Payment, msisdn: str | None, keys: Sequence[str]) -> bool:
    """Whether the wallet number is the stored one; true where its key is gone, so none can tell."""
    digest = stored.wallet_digest
    if digest is None or msisdn is None:
        return True
    name = digest.partition(".")[0]
    ours = [wallet_digest(stored.id, msisdn, key) for key in keys]
    comparable = [one for one in ours if one.startswith(f"{name}.")]
    return not comparable or any(hmac.compare_digest(one, digest) for one in comparable)


class _Resumed(NamedTuple):
    """The stored payment, and whether this call has begun an attempt, which it then must send."""

    payment: Payment
    may_send: bool


def _resume(stored: Payment, deps: StartDeps) -> _Resumed:
    """Go on with a payment that an earlier call stored: return it, settle it, or begin an attempt.

    Raises StartInProgress while another call's attempt runs.
    """
    now = deps.clock()
    if stored.status is not Status.CREATED:
        return _Resumed(stored, may_send=False)
    if start_died(stored, now) or never_sent(stored, now):
        settled = apply(deps.payments, stored, partial(settle_without_query, now=now))
        if settled.attempt_at is not None:
            # Another call has begun an attempt meanwhile, and sends it.
            raise StartInProgress(1)
        return _Resumed(settled, may_send=False)
    if stored.attempt_at is not None:
        left = stored.attempt_at + START_RUNS_AT_MOST - now
        raise StartInProgress(max(1, -(-left // SECOND)))
    begun = begin_attempt(stored, new_token(), now, deps.policy)
    try:
        return _Resumed(deps.payments.save(stored, begun), may_send=True)
    except WriteConflict as conflict:
        if conflict.current is not None and _runs(conflict.current, begun.attempt_id):
            return _Resumed(conflict.current, may_send=True)
        raise StartInProgress(1) from conflict


def _send(
    payment: Payment,
    msisdn: str | None,
    merchant: Merchant,
    seconds_left: Callable[[], float],
    deps: StartDeps,
) -> StartResult:
    seconds = seconds_left() - TIME_TO_RECORD
    outcome = (
        deps.elsom.start(_start_of(payment, msisdn), merchant, seconds)
        if seconds >= SHORTEST_START
        else NothingSent("no-time-left")
    )
    recorded = _record(payment, outcome, deps)
    if isinstance(outcome, Refused) and recorded.status is Status.FAILED:
        raise ElsomRefused(payment.id, outcome.code, outcome.message)
    if isinstance(outcome, NothingSent):
        raise ElsomUnreachable(outcome.why)
    return StartResult(payment=recorded)


def _record(payment: Payment, outcome: StartOutcome, deps: StartDeps) -> Payment:
    """Store the outcome. Where the start was sent and this cannot be stored, it is unknown."""
    now = deps.clock()

    def step(current: Payment) -> Payment:
        # An outcome changes its own attempt only: another call may have begun the next one.
        if current.attempt_id != payment.attempt_id:
            return current
        return _after(current, outcome, now, deps.policy)

    try:
        return apply(deps.payments, payment, step)
    except StoreUnavailable:
        if isinstance(outcome, NothingSent):
            raise
        return start_unknown(payment, now, "not-recorded")


def _after(payment: Payment, outcome: StartOutcome, now: int, policy: Policy) -> Payment:
    match outcome:
        case Accepted(url):
            return start_accepted(payment, url, now, policy)
        case Refused(code):
            return start_refused(payment, code, now, policy)
        case NothingSent(why):
            return take_back_attempt(payment, now, why)
        case _:
            return start_unknown(payment, now, outcome.why)


def _start_of(payment: Payment, msisdn: str | None) -> Start:
    """What Elsom is sent; only the request holds the whole wallet number."""
    return Start(
        payment_id=payment.id,
        amount=Tyiyn(payment.amount),
        order_id=payment.order_id,
        language=payment.language,
        customer_msisdn=msisdn,
        cashier_no=payment.cashier_no,
        description=payment.description,
    )
