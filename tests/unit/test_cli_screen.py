"""What the operator's screen shows of what others wrote: all of it, and nothing that acts."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from cli.screen import Screen, table
from payments.domain.views import view_timeline
from payments.elsom.protocol import Refused, read_notification, scrub_refusal
from payments.store.inbox import evidence_of
from payments.telemetry import logger
from tests.fakes.payments import a_payment

ESCAPES = "A\x1b]0;PWNED\x07\x1b[2J\x9b1m\x7f\u202epaid\u2066\u200b"
WRITTEN = r"A\x1b]0;PWNED\x07\x1b[2J\x9b1m\x7f\u202epaid\u2066\u200b"
ACTING = ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\x7f", "\u202e", "\u2066", "\u200b", "\ud800")


def assert_still(text: str) -> None:
    """Colours are the screen's own; nothing else of a terminal's language is in the text."""
    assert not [one for one in ACTING if one in text]
    text.encode()


@pytest.mark.parametrize("text", [ESCAPES, "\ud800", "Платёж — 1 500 сом ✓ 😀"])
def test_nothing_that_is_shown_acts_on_the_terminal(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen()
    screen.result({}, text, table(text, ("id", text), [(1, text), (None, f"a\n{text}")]))
    screen.note(text)
    screen.error(text)
    said = capsys.readouterr()
    assert_still(said.out + said.err)
    if text.isprintable():
        assert said.out.count(text) >= 5


def test_what_was_escaped_can_still_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().result({}, table("t", ("says",), [(ESCAPES,)]))
    assert WRITTEN in capsys.readouterr().out


def test_a_program_gets_the_same_document_and_its_reader_no_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = {"items": [{"message": f"{ESCAPES}\U000e0041\ud800\n", ESCAPES: "Төлөм 😀"}]}
    Screen(as_json=True).result(document)
    reported = capsys.readouterr().out
    assert_still(reported)
    assert "Төлөм 😀" in reported
    assert json.loads(reported) == document
    Screen(as_json=True).error(ESCAPES)
    assert_still(capsys.readouterr().out)


def test_markup_in_what_others_wrote_is_text() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table("[red]t", ("id",), [("[bold]x[/]",)]))
    assert "[red]t" in out.getvalue()
    assert "[bold]x[/]" in out.getvalue()


def test_the_lines_of_a_log_do_not_act_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    Screen().lines(ESCAPES, [ESCAPES])
    reported = capsys.readouterr().out
    assert_still(reported)
    assert reported.count(WRITTEN) == 2


def test_a_notification_is_kept_without_what_acts_on_a_screen() -> None:
    fields = ("PartnerTrnID", "PSPTTrnID", "PaymentStatus", "Message", "ChequeNo", "CashierNo")
    body = json.dumps({"PaymentResult": dict.fromkeys(fields, ESCAPES)}).encode()
    claim = read_notification(body)
    assert claim is not None
    assert (claim.partner_trn_id, claim.message) == (WRITTEN, WRITTEN)
    assert_still(str(claim))
    entry = view_timeline(
        a_payment(), [{"at": 1, "claim": {"paymentStatus": claim.payment_status}}]
    )
    assert entry[0]["claimedStatus"] == WRITTEN
    raw = json.dumps({"PaymentResult": {"Message": ESCAPES}}, ensure_ascii=False, indent=1)
    kept = evidence_of(raw.encode()).text
    assert_still(kept)
    assert kept.count("\n") == raw.count("\n")


def test_elsoms_words_reach_nobody_with_what_acts_on_a_screen() -> None:
    refused = scrub_refusal(Refused("7\x1b[2J", ESCAPES), [])
    assert refused == Refused(r"7\x1b[2J", WRITTEN)


def test_a_log_line_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", out)
    logger.info("tried", why=f"{ESCAPES} төлөм")
    assert out.getvalue().isascii()
    assert json.loads(out.getvalue())["why"] == f"{ESCAPES} төлөм"
