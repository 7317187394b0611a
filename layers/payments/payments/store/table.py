"""The table: items are plain dicts, DynamoDB's errors become ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from payments.domain.errors import StoreUnavailable, WriteConflict

Item = dict[str, Any]
_MISSING: Final = object()
_PAGE: Final = 500
_BATCH_TRIES: Final = 4


class _WholeNumbers(TypeDeserializer):
    """Reads numbers as int: all of ours are whole."""

    def _deserialize_n(self, value: str) -> int:
        return int(value)


_serialize = TypeSerializer().serialize
_deserialize = _WholeNumbers().deserialize


def to_item(image: Mapping[str, Any]) -> Item:
    """Turn DynamoDB's typed attributes (also a stream record's image) into a plain dict."""
    return {name: _deserialize(value) for name, value in image.items()}


def to_image(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a plain dict into DynamoDB's typed attributes; None is left out."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


class Table:
    """One DynamoDB table. Every method raises StoreUnavailable when DynamoDB does not respond."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
        """Read one item. An inconsistent read costs half, and may be a second old."""
        with _translated():
            answer = self._client.get_item(
                TableName=self._name, Key=_key(pk, sk), ConsistentRead=consistent
            )
        return to_item(answer["Item"]) if "Item" in answer else None

    def insert(self, item: Item, token: str) -> None:
        """Put an item that must not exist; raise WriteConflict with the one that exists.

        boto3 repeats a write whose answer was lost, and then meets its own item, which it knows by
        `token`.
        """
        try:
            with _translated():
                self._client.put_item(
                    TableName=self._name,
                    Item=to_image({**item, "writeToken": token}),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except WriteConflict as conflict:
            if (conflict.current or {}).get("writeToken") != token:
                raise

    def replace(self, before: Item, after: Item, token: str) -> None:
        """Write what differs, if the stored version is still `before`'s.

        stored version = before.version ──▶ set what changed, remove what is gone
        anything else                   ──▶ WriteConflict with what is stored

        `token` is as for `insert`.
        """
        sets, removes = _difference(before, {**after, "writeToken": token})
        names = {f"#{n}": name for n, name in enumerate([*sets, *removes])}
        alias = {name: placeholder for placeholder, name in names.items()}
        expression = "SET " + ", ".join(f"{alias[name]} = :{alias[name][1:]}" for name in sets)
        if removes:
            expression += " REMOVE " + ", ".join(alias[name] for name in removes)
        values = {f":{alias[name][1:]}": _serialize(value) for name, value in sets.items()}
        try:
            with _translated():
                self._client.update_item(
                    TableName=self._name,
                    Key=_key(before["pk"], before["sk"]),
                    UpdateExpression=expression,
                    ConditionExpression="#version = :seen",
                    ExpressionAttributeNames={**names, "#version": "version"},
                    ExpressionAttributeValues={
                        **values,
                        ":seen": _serialize(before["version"]),
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except WriteConflict as conflict:
            if (conflict.current or {}).get("writeToken") != token:
                raise

    def update(
        self, pk: str, sk: str, expression: str, *, condition: str = "", **values: Any
    ) -> Item:
        """Run an update that may be made twice without harm; return the attributes it wrote.

        Raises WriteConflict when the condition does not hold.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": _key(pk, sk),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {
                f"#{word}": word for word in _aliased(f"{expression} {condition}")
            },
            "ExpressionAttributeValues": {
                f":{name}": _serialize(value) for name, value in values.items()
            },
            "ReturnValues": "UPDATED_NEW",
        }
        if condition:
            request["ConditionExpression"] = condition
        with _translated():
            answer = self._client.update_item(**request)
        return to_item(answer.get("Attributes", {}))

    def query(
        self,
        condition: str,
        *,
        index: str | None = None,
        limit: int,
        newest_first: bool = False,
        after: Item | None = None,
        **values: Any,
    ) -> list[Item]:
        """Up to `limit` items of one partition; `index` names one of the table's indexes.

        `after` holds all keys (the table's and the index's) of the item to continue after.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {
                f":{name}": _serialize(value) for name, value in values.items()
            },
            "Limit": limit,
            "ScanIndexForward": not newest_first,
        }
        if index is not None:
            request["IndexName"] = index
        if after is not None:
            request["ExclusiveStartKey"] = to_image(after)
        with _translated():
            answer = self._client.query(**request)
        return [to_item(image) for image in answer["Items"]]

    def walk(self, condition: str, *, index: str, **values: Any) -> Iterator[Item]:
        """All items of one partition of a keys-only index, oldest first, a page at a time."""
        last: Item | None = None
        while True:
            page = self.query(condition, index=index, limit=_PAGE, after=last, **values)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1]

    def get_many(self, keys: Sequence[tuple[str, str]], *, consistent: bool = False) -> list[Item]:
        """Read up to 100 items by (pk, sk), in any order; those that do not exist are left out."""
        return self._get_batch(
            {"Keys": [_key(pk, sk) for pk, sk in keys], "ConsistentRead": consistent}
        )

    def get_parts(self, keys: Sequence[tuple[str, str]], names: Sequence[str]) -> list[Item]:
        """The same as they are now, of each item only these attributes."""
        alias = {f"#{number}": name for number, name in enumerate(names)}
        return self._get_batch(
            {
                "Keys": [_key(pk, sk) for pk, sk in keys],
                "ConsistentRead": True,
                "ProjectionExpression": ", ".join(alias),
                "ExpressionAttributeNames": alias,
            }
        )

    def _get_batch(self, request: dict[str, Any]) -> list[Item]:
        wanted: dict[str, Any] = {self._name: request}
        items: list[Item] = []
        for _ in range(_BATCH_TRIES):
            if not wanted.get(self._name, {}).get("Keys"):
                return items
            with _translated():
                answer = self._client.batch_get_item(RequestItems=wanted)
            items += [to_item(image) for image in answer["Responses"].get(self._name, ())]
            wanted = answer.get("UnprocessedKeys", {})
        if wanted.get(self._name):
            msg = "DynamoDB: some items were not read"
            raise StoreUnavailable(msg)
        return items


def readable(table: Table, keys: Sequence[tuple[str, str]]) -> dict[str, Item]:
    """Up to 100 items that an index has shown, by `pk`.

    They are read eventually consistently, which costs half; an index may show an item earlier than
    such a read does, so those that are missing are read again consistently. The rest are gone.
    """
    found = {item["pk"]: item for item in table.get_many(keys)}
    missing = [key for key in keys if key[0] not in found]
    if missing:
        found |= {item["pk"]: item for item in table.get_many(missing, consistent=True)}
    return found


def _difference(before: Item, after: Item) -> tuple[Item, list[str]]:
    """What to set and what to remove to get from one item to the other."""
    sets = {
        name: value
        for name, value in after.items()
        if value is not None and before.get(name, _MISSING) != value
    }
    removes = [
        name for name, value in before.items() if value is not None and after.get(name) is None
    ]
    return sets, removes


def _key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _aliased(expression: str) -> set[str]:
    """The attribute names an expression writes as `#name`."""
    words = expression.replace("(", " ").replace(",", " ").replace(")", " ").split()
    return {word[1:] for word in words if word.startswith("#")}


@contextmanager
def _translated() -> Iterator[None]:
    """Raise our errors in place of boto3's: WriteConflict or StoreUnavailable."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "?")
        if code == "ConditionalCheckFailedException":
            current: Any = error.response.get("Item")
            raise WriteConflict(to_item(current) if current else None) from error
        raise StoreUnavailable(f"DynamoDB: {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"DynamoDB: {type(error).__name__}") from error
