"""Start a payment: written before it is sent, sent at most once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Final

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
from payments.domain.money import parse_som
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

# What must be left of the function's time to write down how the start ended.
TIME_TO_RECORD: Final = 6.0
SHORTEST_START: Final = 5.0
_KEY_NAME_LENGTH: Final = 6
_DIGEST_LENGTH: Final = 12


class StartDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What a start works with.

    `signing_keys`, newest first: the newest makes the digest of a wallet number, all compare one.
    """

    payments: Payments
    elsom: Elsom
    merchant: Callable[[], Merchant]
    policy: Policy
    clock: Clock
    stack_id: str
    signing_keys: Callable[[], Sequence[str]] = tuple


class StartResult(msgspec.Struct, frozen=True, kw_only=True):
    """The payment after the call; `replayed` when an earlier call had made it."""

    payment: Payment
    replayed: bool = False


def start_payment(
    request: PaymentRequest, key: str, seconds_left: Callable[[], float], deps: StartDeps
) -> StartResult:
    """Create the payment of this idempotency key and send its one start, or return what is there.

    `seconds_left` tells how long the function may still run.

    Raises NotConfigured and StoreUnavailable (nothing sent), IdempotencyKeyReused,
    StartInProgress, ElsomRefused, ElsomUnreachable (nothing sent, the key may try again).
    """
    merchant = deps.merchant()
    ours = _new_payment(request, key, deps)
    try:
        deps.payments.insert(ours)
    except WriteConflict as conflict:
        known = _known(conflict.current, ours, request, deps.signing_keys())
        if not _runs(known, ours.attempt_id):
            again = _resume(known, deps)
            if again is None or again.attempt_at is None:
                return StartResult(payment=again or known, replayed=True)
            known = again
        ours = known
    return _send(ours, request, merchant, seconds_left, deps)


def payment_id(stack_id: str, key: str) -> str:
    """The id that this key has in this stack."""
    return derive_id("payment", stack_id, key)


def fingerprint(request: PaymentRequest) -> str:
    """What makes two requests the same, compared after parsing (`1500` is `1500.00`).

    Of the wallet number only what is stored anyway: all that it hides could be found by trying.
    """
    msisdn = request.customer_msisdn
    masked = msgspec.structs.replace(request, customer_msisdn=msisdn and mask_msisdn(msisdn))
    fields = msgspec.to_builtins(masked) | {"amount": parse_som(request.amount)}
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()[:32]


def wallet_digest(payment_id: str, msisdn: str, key: str) -> str:
    """The name of a key, and under it the HMAC of this payment's wallet number."""
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

    boto3 repeats a write whose answer was lost; behind another writer's write, one's own success
    then looks like a conflict.
    """
    return (
        payment.status is Status.CREATED
        and payment.attempt_at is not None
        and payment.attempt_id == attempt_id
    )


def _known(stored: Payment, ours: Payment, request: PaymentRequest, keys: Sequence[str]) -> Payment:
    if stored.fingerprint != ours.fingerprint or not _same_wallet(stored, request, keys):
        msg = "this Idempotency-Key was used with another request"
        raise IdempotencyKeyReused(msg)
    return stored


def _same_wallet(stored: Payment, request: PaymentRequest, keys: Sequence[str]) -> bool:
    """Whether the wallet number is the stored one; with its key gone nobody can tell any more."""
    digest, msisdn = stored.wallet_digest, request.customer_msisdn
    if digest is None or msisdn is None:
        return True
    name = digest.partition(".")[0]
    ours = [wallet_digest(stored.id, msisdn, key) for key in keys]
    comparable = [one for one in ours if one.startswith(f"{name}.")]
    return not comparable or any(hmac.compare_digest(one, digest) for one in comparable)


def _resume(known: Payment, deps: StartDeps) -> Payment | None:
    """What the same key does to a payment that is there: wait, settle it, or begin again.

    None: nothing, it is as it is. Without `attempt_at` in the answer: settled. Else the attempt
    is ours: send.
    """
    now = deps.clock()
    if known.status is not Status.CREATED:
        return None
    if start_died(known, now) or never_sent(known, now):
        return _settled(apply(deps.payments, known, lambda p: settle_without_query(p, now)))
    if known.attempt_at is not None:
        left = known.attempt_at + START_RUNS_AT_MOST - now
        raise StartInProgress(max(1, -(-left // SECOND)))
    begun = begin_attempt(known, new_token(), now, deps.policy)
    try:
        return deps.payments.save(known, begun)
    except WriteConflict as conflict:
        if conflict.current is not None and _runs(conflict.current, begun.attempt_id):
            current: Payment = conflict.current
            return current
        raise StartInProgress(1) from conflict


def _settled(payment: Payment) -> Payment:
    """Another call may have begun an attempt just before: that one is its own to send."""
    if payment.attempt_at is not None:
        raise StartInProgress(1)
    return payment


def _send(
    payment: Payment,
    request: PaymentRequest,
    merchant: Merchant,
    seconds_left: Callable[[], float],
    deps: StartDeps,
) -> StartResult:
    seconds = seconds_left() - TIME_TO_RECORD
    outcome = (
        deps.elsom.start(_start_of(payment, request), merchant, seconds)
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
    """Write the outcome down. If it was sent and that cannot be written, it is unknown."""
    now = deps.clock()

    def step(current: Payment) -> Payment:
        # An outcome changes only its own attempt: another call may have begun the next one.
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


def _start_of(payment: Payment, request: PaymentRequest) -> Start:
    return Start(
        payment_id=payment.id,
        amount=parse_som(request.amount),
        order_id=request.order_id,
        language=request.language,
        customer_msisdn=request.customer_msisdn,
        cashier_no=request.cashier_no,
        description=request.description,
    )
