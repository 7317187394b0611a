"""DynamoDB in memory, seen through boto3's client: the calls and expressions that our table makes.

Above it the real store runs unchanged; `tests/contract` holds it to what AWS's own does.
"""

import re
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache
from heapq import heappop, heappush
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import ClientError

from tests.simulation.images import StoredImage, typed

Image = dict[str, Any]
Key = tuple[str, str]
Entry = tuple[int, str, str]
Written = Callable[[Image | None, Image], None]

BELOW = "attribute_not_exists(#number) OR #number < :most"
INDEXES = {
    "due": ("dueShard", "dueAt"),
    "by-order": ("orderId", "createdAt"),
    "by-created": ("createdDay", "createdAt"),
    "by-paid": ("paidDay", "paidAt"),
}
# How long an inconsistent read may show what was there before.
STALE_FOR = 5_000


class Gate(Protocol):
    """Every call to the outside goes through here: that is where time passes and things fail."""

    def call[Answer](
        self, service: str, operation: str, effect: Callable[[], Answer], *, writes: bool = False
    ) -> Answer:
        """Let the call take effect, or not, and answer it, or not."""


class Lag(Protocol):
    """How far what is only eventually consistent lags behind."""

    def index(self) -> int:
        """Milliseconds until an index shows the next write."""

    def stale(self) -> bool:
        """Whether an inconsistent read shows the item as it was before."""

    def unread(self) -> bool:
        """Whether a batch leaves its last item unread."""


class Update(NamedTuple):
    """An update expression, taken apart: (name, value, only if missing), names, (name, value)."""

    sets: tuple[tuple[str, str, bool], ...]
    removes: tuple[str, ...]
    adds: tuple[tuple[str, str], ...]


class Coming(NamedTuple):
    """What an index is going to show: an entry more, or one less."""

    at: int
    number: int
    entries: list[Entry]
    entry: Entry
    is_new: bool


class MemoryDynamoDB:
    """One table with its indexes. `clock` tells the true time."""

    def __init__(self, gate: Gate, clock: Callable[[], int], lag: Lag) -> None:
        self._gate = gate
        self._clock = clock
        self._lag = lag
        self.images: dict[Key, Image] = {}
        self._before: dict[Key, tuple[Image | None, int]] = {}
        self._sorted: dict[str, list[str]] = defaultdict(list)
        self._indexes: dict[str, dict[str, list[Entry]]] = {
            name: defaultdict(list) for name in INDEXES
        }
        self._coming: list[Coming] = []
        self._number = 0
        # When the last change of an item comes to be seen in an index: its order is kept.
        self._shown: dict[tuple[str, Key], int] = {}
        self.listeners: list[Written] = []
        self.conditions_hold = True
        self.skips_empty = False
        self._empty_queries = 0

    # ------------------------------------------------------------ boto3's calls

    def get_item(self, *, TableName: str, Key: Image, ConsistentRead: bool) -> Image:  # noqa: N803 - boto3's names
        def effect() -> Image:
            image = self._read(key_of(Key), consistent=ConsistentRead)
            return {"Item": image} if image is not None else {}

        return self._gate.call("dynamodb", f"GetItem {kind_of(Key)}", effect)

    def put_item(self, **request: Any) -> Image:
        assert request["ConditionExpression"] == "attribute_not_exists(pk)"
        item = request["Item"]

        def effect() -> Image:
            stored = self.images.get(key_of(item))
            if stored is not None:
                raise condition_failed("PutItem", stored)
            self._write(key_of(item), StoredImage(item), item)
            return {}

        return self._gate.call("dynamodb", f"PutItem {kind_of(item)}", effect, writes=True)

    def update_item(self, **request: Any) -> Image:
        key = key_of(request["Key"])
        names = request["ExpressionAttributeNames"]
        values = request["ExpressionAttributeValues"]
        update = read_update(request["UpdateExpression"])
        condition = request.get("ConditionExpression")
        assert condition in (None, "#version = :seen", BELOW)

        def effect() -> Image:
            stored = self.images.get(key)
            if condition == BELOW and is_full(stored, values[":most"]):
                raise condition_failed("UpdateItem", stored)
            if condition == "#version = :seen" and self._moved(stored, values[":seen"]):
                raise condition_failed("UpdateItem", stored)
            image = StoredImage(stored if stored else request["Key"])
            for name, value, only_missing in update.sets:
                if not (only_missing and names[name] in image):
                    image[names[name]] = values[value]
            for name in update.removes:
                image.pop(names[name], None)
            for name, value in update.adds:
                number = int(image.get(names[name], {"N": "0"})["N"]) + int(values[value]["N"])
                image[names[name]] = typed(number)
            self._write(key, image, names.values())
            written = [name for name, *_ in (*update.sets, *update.adds)]
            return {"Attributes": {names[name]: image[names[name]] for name in written}}

        return self._gate.call(
            "dynamodb", f"UpdateItem {kind_of(request['Key'])}", effect, writes=True
        )

    def query(self, **request: Any) -> Image:
        if self._skips_empty(request):
            return {"Items": []}

        def effect() -> Image:
            self._catch_up()
            if "IndexName" in request:
                return {"Items": self._query_index(request["IndexName"], request)}
            return {"Items": self._query_table(request)}

        return self._gate.call("dynamodb", "Query", effect)

    def batch_get_item(self, *, RequestItems: Image) -> Image:  # noqa: N803 - boto3's name
        def effect() -> Image:
            ((table, queried),) = RequestItems.items()
            keys = list(queried["Keys"])
            rest = [keys.pop()] if len(keys) > 1 and self._lag.unread() else []
            consistent = queried.get("ConsistentRead", False)
            found = (self._read(key_of(key), consistent=consistent) for key in keys)
            images = [image for image in found if image is not None]
            left = {table: {**queried, "Keys": rest}} if rest else {}
            return {"Responses": {table: images}, "UnprocessedKeys": left}

        return self._gate.call("dynamodb", "BatchGetItem", effect)

    # ------------------------------------------------------------ what the simulation looks at

    def is_due(self, now: int) -> bool:
        """Whether anything at all waits for the schedule."""
        self._catch_up()
        return any(
            entries and entries[0][0] <= now for entries in self._indexes["due"].values()
        ) or bool(self._coming)

    def next_due(self) -> int | None:
        """When the schedule next finds something; None when nothing waits."""
        self._catch_up()
        firsts = [entries[0][0] for entries in self._indexes["due"].values() if entries]
        return min(firsts, default=None)

    def restore(self, images: Mapping[Key, Image]) -> None:
        """Put the table back to what it was; indexes are made of it again, and nobody is told."""
        self.images.clear()
        self.images.update(images)
        self._before.clear()
        self._coming.clear()
        self._shown.clear()
        self._sorted.clear()
        for pk, sk in sorted(images):
            self._sorted[pk].append(sk)
        for name, (hash_name, range_name) in INDEXES.items():
            index: dict[str, list[Entry]] = defaultdict(list)
            for key, image in images.items():
                place = place_of(image, hash_name, range_name, key)
                if place is not None:
                    index[place[0]].append(place[1])
            for entries in index.values():
                entries.sort()
            self._indexes[name] = index

    # ------------------------------------------------------------ inside

    def _read(self, key: Key, *, consistent: bool) -> Image | None:
        if not consistent and key in self._before:
            before, at = self._before[key]
            if self._clock() - at < STALE_FOR and self._lag.stale():
                return before
        return self.images.get(key)

    def _moved(self, stored: Image | None, seen: Image) -> bool:
        if not self.conditions_hold:
            return False
        return stored is None or stored["version"] != seen

    def _write(self, key: Key, image: Image, written: Collection[str]) -> None:
        """Store an item, of which these attributes were written or removed."""
        stored = self.images.get(key)
        if stored is None:
            insort(self._sorted[key[0]], key[1])
        self._before[key] = stored, self._clock()
        self.images[key] = image
        for name, (hash_name, range_name) in INDEXES.items():
            if hash_name in written or range_name in written:
                self._move(
                    name,
                    key,
                    place_of(stored, hash_name, range_name, key),
                    place_of(image, hash_name, range_name, key),
                )
        for listener in self.listeners:
            listener(stored, image)

    def _move(
        self,
        name: str,
        key: Key,
        before: tuple[str, Entry] | None,
        after: tuple[str, Entry] | None,
    ) -> None:
        if before == after:
            return
        visible = max(self._clock() + self._lag.index(), self._shown.get((name, key), 0))
        self._shown[name, key] = visible
        index = self._indexes[name]
        if before is not None:
            self._come(Coming(visible, self._number, index[before[0]], before[1], is_new=False))
        if after is not None:
            self._come(Coming(visible, self._number, index[after[0]], after[1], is_new=True))
        self._catch_up()

    def _come(self, coming: Coming) -> None:
        self._number += 1
        heappush(self._coming, coming)

    def _catch_up(self) -> None:
        """Let the indexes show what was written long enough ago."""
        now = self._clock()
        while self._coming and self._coming[0].at <= now:
            coming = heappop(self._coming)
            if coming.is_new:
                insort(coming.entries, coming.entry)
            else:
                del coming.entries[bisect_left(coming.entries, coming.entry)]

    def _skips_empty(self, request: Mapping[str, Any]) -> bool:
        """Most partitions that hold nothing are told at once: a turn of the schedule asks twenty.

        Every eighth goes the way of every call.
        """
        name = request.get("IndexName")
        if name is None:
            return False
        hash_value, _, _ = read_condition(request["KeyConditionExpression"])
        self._catch_up()
        if self._indexes[name].get(request["ExpressionAttributeValues"][hash_value]["S"]):
            return False
        self._empty_queries += 1
        return self.skips_empty and self._empty_queries % 8 > 0

    def _query_index(self, name: str, request: Mapping[str, Any]) -> list[Image]:
        hash_name, range_name = INDEXES[name]
        values = request["ExpressionAttributeValues"]
        hash_value, low, high = read_condition(request["KeyConditionExpression"])
        partition = values[hash_value]["S"]
        entries = self._indexes[name].get(partition)
        if not entries:
            return []
        first = bisect_left(entries, (int(values[low]["N"]), "", "")) if low else 0
        last = bisect_left(entries, (int(values[high]["N"]) + 1, "", "")) if high else None
        found = entries[first:last]
        start = request.get("ExclusiveStartKey")
        if not request["ScanIndexForward"]:
            found.reverse()
        if start is not None:
            behind: Entry = (int(start[range_name]["N"]), start["pk"]["S"], start["sk"]["S"])
            forward = request["ScanIndexForward"]
            found = [one for one in found if (one > behind if forward else one < behind)]
        return [
            shown(hash_name, range_name, partition, entry) for entry in found[: request["Limit"]]
        ]

    def _query_table(self, request: Mapping[str, Any]) -> list[Image]:
        assert request["KeyConditionExpression"] == "pk = :pk AND begins_with(sk, :prefix)"
        values = request["ExpressionAttributeValues"]
        pk, prefix = values[":pk"]["S"], values[":prefix"]["S"]
        found = [sk for sk in self._sorted.get(pk, ()) if sk.startswith(prefix)]
        return [self.images[pk, sk] for sk in found[: request["Limit"]]]


def kind_of(image: Image) -> str:
    """The sort key, less the hash in a notification's."""
    sort_key: str = image["sk"]["S"]
    return sort_key.partition("#")[0]


def key_of(image: Image) -> Key:
    return image["pk"]["S"], image["sk"]["S"]


def place_of(
    image: Image | None, hash_name: str, range_name: str, key: Key
) -> tuple[str, Entry] | None:
    """Where an item stands in an index: only if it has both of its attributes."""
    if image is None or hash_name not in image or range_name not in image:
        return None
    return image[hash_name]["S"], (int(image[range_name]["N"]), *key)


@lru_cache(maxsize=20_000)
def shown(hash_name: str, range_name: str, partition: str, entry: Entry) -> Image:
    """What an index shows of an item: its keys."""
    at, pk, sk = entry
    keys = {"pk": pk, "sk": sk, hash_name: partition, range_name: at}
    return StoredImage({name: typed(value) for name, value in keys.items()})


def is_full(stored: Image | None, most: Image) -> bool:
    """Whether a counter has reached its limit."""
    return (
        stored is not None and "number" in stored and (int(stored["number"]["N"]) >= int(most["N"]))
    )


def condition_failed(operation: str, stored: Image | None) -> ClientError:
    answer: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}
    if stored is not None:
        answer["Item"] = stored
    return ClientError(answer, operation)


@cache
def read_update(expression: str) -> Update:
    """Take an update expression apart; raise ValueError for one that is not understood."""
    parts = re.split(r"\s*\b(SET|REMOVE|ADD) ", expression)
    clauses = dict(zip(parts[1::2], parts[2::2], strict=True))
    sets = [read_set(text) for text in re.split(r", (?=#\w+ = )", clauses.pop("SET"))]
    removes = clauses.pop("REMOVE", None)
    adds = clauses.pop("ADD", None)
    if parts[0] or clauses:
        raise ValueError(expression)
    pairs = [tuple(text.split(" ")) for text in adds.split(", ")] if adds else []
    return Update(
        sets=tuple(sets),
        removes=tuple(removes.split(", ")) if removes else (),
        adds=tuple((name, value) for name, value in pairs),
    )


def read_set(text: str) -> tuple[str, str, bool]:
    found = re.fullmatch(r"(#\w+) = (?:(:\w+)|if_not_exists\(\1, (:\w+)\))", text)
    if found is None:
        raise ValueError(text)
    return found[1], found[2] or found[3], found[3] is not None


@cache
def read_condition(condition: str) -> tuple[str, str | None, str | None]:
    """The values that a key condition of an index names: the partition, the lowest, the highest."""
    found = re.fullmatch(
        r"\w+ = (:\w+)(?: AND \w+ (?:<= (:\w+)|BETWEEN (:\w+) AND (:\w+)))?", condition
    )
    if found is None:
        raise ValueError(condition)
    return found[1], found[3], found[2] or found[4]
