"""The drawing in the docs is the transition table."""

from payments.domain.payment import AFTER_ANSWER, Status
from tools.make_states import text


def test_every_transition_is_drawn_and_none_leaves_paid() -> None:
    for before, answers in AFTER_ANSWER.items():
        for after in answers.values():
            assert f"{before} --> {after}" in text()
    assert f"{Status.PAID} -->" not in text()
