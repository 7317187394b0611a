"""The stores under test: the fake, the simulation's, moto, and the reference: DynamoDB Local."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.contract.stores import DynamoStores, Stores, in_dynamodb, in_memory, in_simulation
from tests.contract.tables import new_client

LOCAL = pytest.param("dynamodb-local", marks=pytest.mark.needs("java", "npm"))


def made(kind: str, request: pytest.FixtureRequest) -> Iterator[DynamoStores]:
    if kind == "simulation":
        yield in_simulation()
    elif kind == "moto":
        with mock_aws():
            yield in_dynamodb(new_client())
    else:
        yield in_dynamodb(new_client(request.getfixturevalue("dynamodb_local")))


@pytest.fixture(params=["memory", "simulation", "moto", LOCAL])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """An empty store of every kind."""
    if request.param == "memory":
        yield in_memory()
    else:
        yield from made(request.param, request)


@pytest.fixture(params=["simulation", "moto", LOCAL])
def dynamo(request: pytest.FixtureRequest) -> Iterator[DynamoStores]:
    """An empty store in DynamoDB: the simulation's, emulated and real."""
    yield from made(request.param, request)


@pytest.fixture
def local(dynamodb_local: str) -> DynamoStores:
    """An empty store in AWS's own DynamoDB. Mark the test with `needs("java", "npm")`."""
    return in_dynamodb(new_client(dynamodb_local))
