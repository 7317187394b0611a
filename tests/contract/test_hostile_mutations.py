"""F28: the hostile replies with random damage. The numbers come from a seed: always the same."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from payments.http_client import MAX_REPLY_BYTES, Limits, MaybeSent, Reply, post, tls
from tests.contract.bad_servers import serving
from tests.contract.hostile import finish
from tests.contract.hostile_cases import CASES

LIMITS = Limits(connect=2.0, read=2.0, total=2.0)
ROUNDS = 1000
FINAL = {101, *range(200, 1000)}
SEEDS = [
    case.act
    for case in CASES.values()
    if isinstance(case.act, bytes) and 0 < len(case.act) < 8192 and not (case.tls or case.raw)
]
PIECES = [
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"-1", b"0", b"ff"),
    *(b"\xff", b"\x85", b"9" * 30, b"a" * 70_000, b"\n " * 500),
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 302 Found\r\n"),
    *(b"\r\nContent-Length: 3", b"\r\nTransfer-Encoding: chunked", b"\r\nContent-Encoding: gzip"),
    *(b"\r\nLocation: https://[", b"\r\nSet-Cookie: \xff", b"\r\nConnection: keep-alive"),
]


def damaged(reply: bytes, numbers: random.Random) -> bytes:
    for _ in range(numbers.randint(1, 4)):
        start = numbers.randint(0, len(reply))
        end = min(len(reply), start + numbers.choice([0, 1, 1, 2, 8, 64]))
        middle = numbers.choice(
            [
                b"",
                numbers.choice(PIECES),
                numbers.randbytes(numbers.randint(1, 4)),
                reply[start:end] * 2,
                numbers.choice(SEEDS)[numbers.randint(0, 40) :],
            ]
        )
        reply = reply[:start] + middle + reply[end:]
    return reply


def has_a_head(reply: bytes) -> bool:
    return b"\n\n" in reply or b"\n\r\n" in reply


@pytest.mark.parametrize("seed", [1])
def test_no_damage_leads_to_anything_but_a_reply_or_maybe_sent(seed: int) -> None:
    numbers = random.Random(seed)
    replies = [damaged(numbers.choice(SEEDS), numbers) for _ in range(ROUNDS)]
    waiting: Iterator[bytes] = iter(replies)

    def answers(connection: socket.socket) -> None:
        reply = next(waiting)
        with suppress(OSError):
            connection.sendall(reply)
        finish(connection)

    found: list[Reply | None] = []
    trust = tls()
    with serving(answers) as server:
        for number, reply in enumerate(replies):
            began = time.monotonic()
            try:
                found.append(post(server.url(), b"{}", {}, LIMITS, trust, read_body=number % 4 > 0))
            except MaybeSent:
                found.append(None)
            assert time.monotonic() - began <= LIMITS.total + 0.5, reply
    for reply, got in zip(replies, found, strict=True):
        assert got is None or (has_a_head(reply) and got.status in FINAL), reply
        assert got is None or len(got.body) <= MAX_REPLY_BYTES
    # The damage is such that both are met often.
    assert ROUNDS / 5 < sum(got is None for got in found) < ROUNDS * 4 / 5
