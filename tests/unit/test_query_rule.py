"""At most one status query in two seconds and six in any minute; follow-ups of a trigger."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from payments.domain.clock import MINUTE, SECOND
from payments.domain.query_rule import moment_of, next_allowed, next_step, with_query
from tests.fakes.world import NOW


def test_without_a_query_the_first_may_begin() -> None:
    assert next_allowed(()) <= NOW


def test_follow_ups_are_counted_from_the_trigger() -> None:
    times = [(moment_of(NOW, step) - NOW) // SECOND for step in range(6)]
    assert times == [0, 2, 5, 9, 20, 40]


def test_a_follow_up_that_was_missed_is_skipped() -> None:
    assert next_step(NOW, NOW) == 1
    assert next_step(NOW, NOW + 2 * SECOND) == 2
    assert next_step(NOW, NOW + 6 * SECOND) == 3
    assert next_step(NOW, NOW + 40 * SECOND - 1) == 5
    assert next_step(NOW, NOW + 40 * SECOND) is None


@given(st.lists(st.integers(min_value=0, max_value=30 * SECOND), min_size=1, max_size=60))
def test_whoever_keeps_to_the_next_allowed_moment_keeps_the_rule(waits: list[int]) -> None:
    remembered: tuple[int, ...] = ()
    queries: list[int] = []
    now = NOW
    for wait in waits:
        now = max(now + wait, next_allowed(remembered))
        remembered = with_query(remembered, now)
        queries.append(now)
        assert len(remembered) <= 6
    for first, second in pairwise(queries):
        assert second - first >= 2 * SECOND
    for first, seventh in zip(queries, queries[6:], strict=False):
        assert seventh - first >= MINUTE


@given(st.lists(st.integers(min_value=0, max_value=30 * SECOND), min_size=1, max_size=30))
def test_the_rule_forbids_nothing_that_the_contract_allows(waits: list[int]) -> None:
    remembered: tuple[int, ...] = ()
    queries: list[int] = []
    now = NOW
    for wait in waits:
        now += wait
        allowed = (not queries or now - queries[-1] >= 2 * SECOND) and sum(
            now - MINUTE < moment for moment in queries
        ) < 6
        assert (next_allowed(remembered) <= now) == allowed
        if allowed:
            remembered = with_query(remembered, now)
            queries.append(now)
