"""The demo shop has a word for everything, in each language."""

import pytest

from demo_shop.texts import TEXTS
from payments.model import Status
from payments.pages.texts import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_and_every_word_is_there(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    named = {"failed_status" if status is Status.FAILED else str(status) for status in Status}
    assert named <= TEXTS[language].keys()
