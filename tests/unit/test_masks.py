"""What may be a wallet number is shown with its middle hidden."""

from payments.masks import mask_msisdn, mask_numbers


def test_wallet_numbers_are_masked_as_the_contract_shows() -> None:
    assert mask_msisdn("0556109910") == "0556***910"
    assert mask_numbers("от 0556109910 на 0901015003, заказ 12345678") == (
        "от 0556***910 на 0901***003, заказ 12345678"
    )
