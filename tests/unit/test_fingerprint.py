"""Two requests are compared with all their fields; what is stored for it tells no wallet number."""

import msgspec
import pytest
from msgspec.structs import replace

from payments.domain.errors import IdempotencyKeyReused
from payments.domain.payment_request import PaymentRequest
from payments.use_cases.start_payment import fingerprint, wallet_digest
from tests.fakes.world import World

WALLET, OTHER_WALLET = "0556109910", "0556209910"  # alike when they are masked


def test_another_wallet_number_is_another_request_though_its_mask_is_the_same(world: World) -> None:
    world.start(customer_msisdn=WALLET)
    assert world.start(customer_msisdn=WALLET).replayed
    with pytest.raises(IdempotencyKeyReused):
        world.start(customer_msisdn=OTHER_WALLET)
    with pytest.raises(IdempotencyKeyReused):
        world.start()


def test_a_wallet_number_is_compared_under_every_key_that_is_still_there(world: World) -> None:
    world.start(customer_msisdn=WALLET)
    world.signing_keys = ("page-key-2", *world.signing_keys)
    assert world.start(customer_msisdn=WALLET).replayed
    with pytest.raises(IdempotencyKeyReused):
        world.start(customer_msisdn=OTHER_WALLET)


def test_once_its_key_is_gone_a_wallet_number_is_compared_by_its_mask_alone(world: World) -> None:
    world.start(customer_msisdn=WALLET)
    world.signing_keys = ("page-key-9",)
    assert world.start(customer_msisdn=OTHER_WALLET).replayed
    with pytest.raises(IdempotencyKeyReused):
        world.start(customer_msisdn="0700109910")
    with pytest.raises(IdempotencyKeyReused):
        world.start(customer_msisdn=WALLET, amount="1")


def test_what_is_stored_of_a_wallet_number_does_not_tell_it_without_the_key(world: World) -> None:
    world.start(customer_msisdn=WALLET)
    stored = world.stored()
    text = msgspec.json.encode(stored).decode()
    assert WALLET not in text
    assert world.signing_keys[0] not in text
    guesses = [f"{WALLET[:4]}{middle:03d}{WALLET[-3:]}" for middle in range(1_000)]
    request = PaymentRequest(amount="1500.00", order_id="A-1001", customer_msisdn=WALLET)
    prints = {fingerprint(replace(request, customer_msisdn=one)) for one in guesses}
    assert prints == {stored.fingerprint}, "it is the same for all that have this mask"
    digest = stored.wallet_digest
    assert digest is not None
    assert digest not in {wallet_digest(stored.id, one, "another key") for one in guesses}
    with_the_key = [one for one in guesses if wallet_digest(stored.id, one, "page-key-1") == digest]
    assert with_the_key == [WALLET]


def test_the_same_wallet_in_two_payments_is_not_seen_from_what_is_stored(world: World) -> None:
    world.start(customer_msisdn=WALLET)
    world.start("order-2", customer_msisdn=WALLET)
    assert world.stored().wallet_digest != world.stored("order-2").wallet_digest
    world.start("order-3")
    assert world.stored("order-3").wallet_digest is None
