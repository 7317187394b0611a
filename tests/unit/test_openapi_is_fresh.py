"""The committed OpenAPI document is what the code's own types make today."""

from openapi_spec_validator import validate

from payments.http import _INTERNAL, _PROBLEMS
from tools.api_types import PROBLEMS
from tools.make_openapi import document, files


def test_the_committed_files_are_fresh() -> None:
    for path, text in files().items():
        assert path.read_text() == text, f"{path.name} is stale: python -m tools.make_openapi"


def test_the_document_is_valid_openapi_3_1() -> None:
    validate(document())


def test_every_problem_the_code_can_answer_is_documented() -> None:
    names = {entry[1] for entry in (*_PROBLEMS.values(), _INTERNAL)}
    assert names <= set(PROBLEMS)


def test_the_page_names_every_route_and_loads_nothing() -> None:
    (page,) = (text for path, text in files().items() if path.suffix == ".html")
    for path in document()["paths"]:
        assert path in page
    assert "src=" not in page
    assert "<link" not in page
