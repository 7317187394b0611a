"""The table on AWS's DynamoDB Local, and its stream as the publisher gets it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import boto3

from payments.aws import clients
from tests.contract.tables import definition

PUBLISHED: Final = frozenset({"payment", "case", "unknown"})

type Json = dict[str, Any]


class Stream:
    """The table, and its stream as the publisher gets it."""

    def __init__(self, endpoint: str, table: str) -> None:
        self._table = table
        self._dynamodb = direct_client("dynamodb", endpoint)
        self._streams = direct_client("dynamodbstreams", endpoint)
        made = self._dynamodb.create_table(
            TableName=table,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            **table_definition(),
        )
        self._arn = made["TableDescription"]["LatestStreamArn"]
        self._iterators: dict[str, str] = {}
        self._records: list[Json] = []

    def items(self) -> list[Json]:
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table, ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]

    def put(self, items: list[Json]) -> None:
        for start in range(0, len(items), 25):
            batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            left = self._dynamodb.batch_write_item(RequestItems={self._table: batch})
            assert not left["UnprocessedItems"]

    def remove(self, pk: str, sk: str) -> None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        self._dynamodb.delete_item(TableName=self._table, Key=key)

    def waiting(self) -> list[Json]:
        """What was not told yet, through the event source's filter."""
        if not self._iterators:
            described = self._streams.describe_stream(StreamArn=self._arn)
            for shard in described["StreamDescription"]["Shards"]:
                name = shard["ShardId"]
                self._iterators[name] = self._streams.get_shard_iterator(
                    StreamArn=self._arn, ShardId=name, ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]
        for name, iterator in self._iterators.items():
            got = self._streams.get_records(ShardIterator=iterator)
            self._iterators[name] = got["NextShardIterator"]
            self._records += [
                record
                for record in got["Records"]
                if record["dynamodb"].get("NewImage", {}).get("kind", {}).get("S") in PUBLISHED
            ]
        return self._records

    def done(self) -> None:
        self._records = []


@cache
def direct_client(service: str, endpoint: str) -> Any:
    make: Callable[..., Any] = boto3.client
    return make(service, endpoint_url=endpoint, region_name="us-east-1", config=clients._CONFIG)


@cache
def table_definition() -> Json:
    """Read once: it takes longer than most of these tests."""
    return definition()
