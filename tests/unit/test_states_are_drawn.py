"""The drawing in the docs is the transition table."""

from payments.model import AFTER_ANSWER, Status
from tools.make_states import FILE, text


def test_the_committed_drawing_is_fresh() -> None:
    assert FILE.read_text() == text(), "docs/states.md is stale: python -m tools.make_states"


def test_every_transition_is_drawn_and_none_leaves_paid() -> None:
    for before, answers in AFTER_ANSWER.items():
        for after in answers.values():
            assert f"{before} --> {after}" in text()
    assert f"{Status.PAID} -->" not in text()
