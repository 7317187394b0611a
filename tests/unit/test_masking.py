"""What may be a wallet number is masked, and nothing that is kept or shown acts on a screen."""

import unicodedata

import pytest

from payments.domain.masking import mask_msisdn, mask_numbers, visible

ESC, CSI, BEL, DEL = "\x1b", "\x9b", "\x07", "\x7f"


def test_wallet_numbers_are_masked_as_the_contract_shows() -> None:
    assert mask_msisdn("0556109910") == "0556***910"
    assert mask_numbers("от 0556109910 на 0901015003, заказ 12345678") == (
        "от 0556***910 на 0901***003, заказ 12345678"
    )


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("0556 109 910", "0556***910"), ("0556-10-99-10", "0556***910"),
        ("0556.109.910", "0556***910"), ("0(556)109910", "0556***910"),
        ("(0556) 10-99-10", "0556***910"), ("0 5 5 6 1 0 9 9 1 0", "0556***910"),
        ("0556\u00a0109\u00a0910", "0556***910"), ("0556\u2011109\u2011910", "0556***910"),
        ("0556\u200b109910", "0556***910"), ("0556/109/910", "0556***910"),
        ("0556\n109\n910", "0556***910"), ("+996 556 109910", "9965***910"),
        ("+996 (556) 10-99-10", "9965***910"), ("996-556-109-910", "9965***910"),
        ("00996 556 109 910", "0099***910"), ("+996556109910", "9965***910"),
        ("556 109 910", "0556***910"), ("556-10-99-10", "0556***910"),
        ("(556) 109910", "0556***910"), ("556109910", "5561***910"),
        ("+996 (0556) 109910", "+996 0556***910"),
    ],
)  # fmt: skip
def test_a_wallet_number_is_masked_whole_however_it_is_written(written: str, masked: str) -> None:
    assert mask_numbers(written) == masked
    assert mask_numbers(f"тел{written}с, 1 500.00") == f"тел{masked}с, 1 500.00"
    assert mask_numbers(f"1500.00 {written}; {written}") == f"1500.00 {masked}; {masked}"
    assert mask_numbers(f"24.11.2026 {written}") == f"24.11.2026 {masked}"


@pytest.mark.parametrize(
    "text",
    [
        "1 500,00", "1 500 000.00 KGS", "2 500 000.00", "250 000 000.00", "250 000 000,50",
        "25 000", "1500.00", "24.11.2026 09:00", "05.02.2026 12:30:15", "2026-05-12 10.30.15",
        "2026-11-24T09:00:58.717Z", "24/11/2026 12 30", "PSP123456", "TYJ9DZJCH9MGP2NGWMWM",
        "A-1001, 12345678", "100 200 300", "10.0.25.100", "192.0.2.1", "0.50 100", "00609",
    ],
)  # fmt: skip
def test_amounts_dates_ids_and_addresses_stay_as_they_are(text: str) -> None:
    assert mask_numbers(text) == text


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "piece", ["0 ", "5 ", "0", "0-(.5", "996 ", "0 2 3 4 5 6 7 8 9 ", "1.1.20"]
)
def test_the_longest_body_is_masked_in_no_time(piece: str) -> None:
    text = piece * (65_536 // len(piece))
    visible(mask_numbers(text))


def test_control_characters_are_written_out() -> None:
    assert visible(f"A{ESC}]0;PWNED{BEL}{ESC}[2J{CSI}31m{DEL}") == (
        r"A\x1b]0;PWNED\x07\x1b[2J\x9b31m\x7f"
    )
    assert visible("paid\u202e\u2066\u200b\ud800\U000e0041") == (
        r"paid\u202e\u2066\u200b\ud800\U000e0041"
    )
    assert visible("a\r\n\tb") == r"a\r\n\tb"
    assert visible("a\r\n\tb", keep="\n\t") == "a\\r\n\tb"


def test_what_is_seen_as_itself_stays() -> None:
    text = 'Платеж прошёл — 1\u00a0500 сом, Төлөм кабыл алынды ✓ 😀 \\ "quoted"'
    assert visible(text) == text


def test_every_control_and_format_character_is_written_out() -> None:
    """As Unicode sorts them; but for those of scripts that are written with them."""
    acting = {"Cc", "Cs", "Zl", "Zp"}
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"}
    for code in range(0x110000):
        character = chr(code)
        acts = unicodedata.category(character) in acting or (
            unicodedata.category(character) == "Cf" and unicodedata.bidirectional(character) in bidi
        )
        if acts and not 0x1BCA0 <= code <= 0x1D17A:  # shorthand and music
            assert visible(character) != character, hex(code)
