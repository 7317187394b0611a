"""F28, F38: whatever a server answers, there is a reply, or it is said what may have been sent.

All replies of `hostile_cases` are taken by one fresh process, once with and once without the body.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.bad_servers import ADDRESS, Authority
from tests.contract.hostile import hostile
from tests.contract.hostile_cases import BIG, CASES, OK, READABLE
from tests.contract.hostile_client import ALLOWED

ROOT = Path(__file__).parents[2]
MOST_GROWTH_KB = 5 * 1024
# A warning of urllib3's, which holds nothing of the reply.
FIXED_TEXT = "Received response with both Content-Length and Transfer-Encoding set."

Taken = dict[str, Any]
Take = Callable[[list[str]], Taken]


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Take]:
    """Have these replies taken by a fresh process."""
    authority = Authority.new()
    context = authority.server(tmp_path_factory.mktemp("hostile"), ADDRESS)
    with hostile(CASES, context) as urls:

        def taken(names: list[str]) -> Taken:
            wanted = {
                "authority": authority.pem,
                "urls": urls,
                "quick": [name for name in names if not CASES[name].slow],
                "slow": [name for name in names if CASES[name].slow],
            }
            path = os.pathsep.join([str(ROOT / "layers" / "payments"), str(ROOT)])
            done = subprocess.run(
                [sys.executable, Path(__file__).with_name("hostile_client.py")],
                input=json.dumps(wanted),
                env={**os.environ, "PYTHONPATH": path},
                capture_output=True,
                text=True,
                check=True,
            )
            found: Taken = json.loads(done.stdout)
            return {**found, "logged": done.stderr.splitlines()}

        yield taken


@pytest.fixture(scope="module")
def everything(take: Take) -> Taken:
    return take(list(CASES))


@pytest.mark.parametrize("name", CASES)
def test_every_reply_is_a_reply_or_says_what_may_have_been_sent(
    name: str, everything: Taken
) -> None:
    found = everything["found"][name]
    results = found["read"]["outcome"], found["glance"]["outcome"]
    assert results == (CASES[name].read, CASES[name].glance)


@pytest.mark.parametrize("name", CASES)
def test_no_reply_takes_longer_than_half_a_second_over_the_deadline(
    name: str, everything: Taken
) -> None:
    found = everything["found"][name]
    assert max(found["read"]["seconds"], found["glance"]["seconds"]) <= ALLOWED


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_read_through_whatever_stands_around_it(name: str, everything: Taken) -> None:
    body = everything["found"][name]["read"]["body"]
    assert (body == OK.decode()) is (name in READABLE)


def test_neither_the_url_nor_a_strangers_words_are_logged(everything: Taken) -> None:
    assert [line for line in everything["logged"] if not line.startswith(FIXED_TEXT)] == []


def test_all_replies_together_grow_the_process_by_at_most_5_mb(everything: Taken) -> None:
    assert everything["grown"] <= MOST_GROWTH_KB


@pytest.mark.parametrize("name", BIG)
def test_no_big_reply_grows_the_process_by_more_than_5_mb(name: str, take: Take) -> None:
    assert take([name])["grown"] <= MOST_GROWTH_KB
