"""The desk's words: the same keys in three languages, and a word for everything the API can say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import desk
from desk.pages.payments import STATUSES
from desk.words import LANGUAGES, words
from payments.api.events import DeliveryState
from payments.domain import transitions
from payments.domain.cases import CaseKind, CaseState
from payments.domain.events import EventType
from payments.domain.payment import ElsomStatus, Reason, Status, Trigger
from tests.unit.desk.scripted import EVIDENCE, KINDS, NOW
from tests.unit.desk.scripted import STATUSES as SCRIPTED

FOLDER = Path(desk.__file__).parent
KEYS = {language: dict(words(language)._texts) for language in LANGUAGES}
USED = re.compile(r"""(?:\bt|\btext|\bplain)\(\s*["']([a-z_]+\.[a-z_]+)["'](?! ~)""")


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", text))


@pytest.mark.parametrize("language", ["ky", "ru"])
def test_every_language_has_the_same_keys_and_fills_in_the_same(language: str) -> None:
    assert KEYS[language].keys() == KEYS["en"].keys()
    for key, text in KEYS[language].items():
        assert names_in(text) == names_in(KEYS["en"][key]), key
        assert text, key


@pytest.mark.parametrize("language", ["ky", "ru"])
def test_no_text_was_left_in_english(language: str) -> None:
    may_be_same = {"report.csv", "report.xlsx", "timeline.other", "delivery.other"}
    same = {
        key
        for key, text in KEYS[language].items()
        if text == KEYS["en"][key] and not key.startswith(("time.", "number."))
    }
    assert same == may_be_same


def test_every_text_that_a_page_names_is_there() -> None:
    sources = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")]
    named = {found for path in sources for found in USED.findall(path.read_text("utf-8"))}
    assert len(named) > 100
    assert named <= KEYS["en"].keys()


def timeline_entries() -> set[str]:
    """What the layer writes on a timeline, read from its source; and what it adds when shown."""
    tree = ast.parse(Path(transitions.__file__).read_text())
    written = {
        argument.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"_noted", "_answer_noted"}
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert {"start_sent", "disagreement"} <= written
    return written | {"created", "omitted", "notification", "check_requested", "resend_requested"}


GROUPS = {
    "status": {*Status, "late", "unresolved"},
    "means": {*Status, "late", "unresolved"},
    "reason": set(Reason),
    "answer": set(ElsomStatus),
    "queried": set(Trigger),
    "event": {one for one in EventType if one.startswith("payment.")},
    "delivery": set(DeliveryState),
    "kind": set(CaseKind),
    "happened": set(CaseKind),
    "todo": set(CaseKind),
    "cases": set(CaseState),
    "timeline": timeline_entries() - {"start_answer_late"},
}


@pytest.mark.parametrize("group", GROUPS)
def test_there_is_a_word_for_everything_that_the_api_can_say(group: str) -> None:
    missing = {str(name) for name in GROUPS[group] if f"{group}.{name}" not in KEYS["en"]}
    assert missing == set()


def test_the_lists_of_the_desk_are_the_layers() -> None:
    assert set(STATUSES) == set(SCRIPTED) == set(Status)
    assert set(KINDS) == set(CaseKind)
    shown = {name for found in EVIDENCE.values() for name in found}
    assert {f"evidence.{name}" for name in shown} <= KEYS["en"].keys()


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "1,234,567.80\u00a0som"), ("ru", "1\u00a0234\u00a0567,80\u00a0сом"),
     ("ky", "1\u00a0234\u00a0567,80\u00a0сом")],
)  # fmt: skip
def test_money_is_written_as_each_language_does(language: str, shown: str) -> None:
    assert words(language).money("1234567.8") == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.00", "0.00"), ("5", "5.00"), ("999.99", "999.99"), ("0.5", "0.50")]
)
def test_small_and_round_sums_are_whole(amount: str, shown: str) -> None:
    assert words("en").number(amount) == shown


def test_a_moment_is_shown_by_bishkeks_clock() -> None:
    assert words("ru").moment(NOW) == "24.11.2026 15:00"
    assert words("ru").moment(NOW, "second") == "24.11.2026 15:00:00"


def test_values_are_escaped_and_html_of_ours_is_not() -> None:
    text = words("en").text("nav.person", name="<b>")
    assert text == "You: &lt;b&gt;"
    assert words("en").text("nav.person", name=text) == "You: You: &lt;b&gt;"


def test_what_a_newer_api_says_is_shown_as_it_is() -> None:
    assert words("en").choice("status", "<new>") == "&lt;new&gt;"
