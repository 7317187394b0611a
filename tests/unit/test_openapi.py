"""The OpenAPI document is valid, and leaves nothing out that the API can answer."""

from openapi_spec_validator import validate

from payments.aws.api_gateway import _INTERNAL, _PROBLEMS
from tools.api_types import EXAMPLE_PAYMENT, PROBLEMS, schemas
from tools.make_openapi import document, files


def test_the_document_is_valid_openapi_3_1() -> None:
    validate(document())


def test_every_problem_the_code_can_answer_is_documented() -> None:
    names = {entry[1] for entry in (*_PROBLEMS.values(), _INTERNAL)}
    assert names <= set(PROBLEMS)


def test_the_example_of_a_payment_has_every_field() -> None:
    assert list(EXAMPLE_PAYMENT) == list(schemas()["Payment"]["properties"])


def test_the_page_names_every_route_and_loads_nothing() -> None:
    (page,) = (text for path, text in files().items() if path.suffix == ".html")
    for path in document()["paths"]:
        assert path in page
    assert "src=" not in page
    assert "<link" not in page
