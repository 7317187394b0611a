"""Each guard taken away in turn: the test that is about it fails, so it is the guard that holds.

Nothing in the product can switch a guard off; here its code is replaced.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from payments.elsom import client
from tests.failure import mutations
from tests.failure import test_aws_fails as aws_fails
from tests.failure import test_crashes as crashes
from tests.failure import test_delivery as delivery
from tests.failure import test_elsom_away as elsom_away
from tests.failure import test_floods as floods
from tests.failure import test_leaks as leaks
from tests.failure import test_limits as limits
from tests.failure import test_notifications as notes
from tests.failure import test_pages as pages
from tests.failure import test_repaired_delivery as repaired
from tests.failure import test_starts as starts
from tests.failure import test_states as states
from tests.failure.life import FUNCTIONS, WARM_START

pytestmark = pytest.mark.needs("java", "npm")

FOLDER: Final = Path(__file__).parent
SECURITY: Final = FOLDER.parents[1] / "docs" / "security.md"
START: Final = FUNCTIONS[0]


@dataclass(frozen=True)
class Guard:
    """How a guard is taken away, and the test that is about it; `told` besides its fixtures."""

    take_away: Callable[[pytest.MonkeyPatch], None]
    test: Callable[..., None]
    reported: dict[str, Any] = field(default_factory=dict)


# What is taken away, which test is to notice, and what that test is told besides its fixtures.
GUARDS: Final[dict[str, Guard]] = {
    "F1": Guard(
        mutations.start_answer_wins,
        notes.test_f01_a_notification_before_the_start_returns_is_kept_and_paid_stays,
    ),
    "F2": Guard(
        mutations.success_whatever_is_stored,
        notes.test_f02_a_notification_that_cannot_be_stored_is_never_a_success,
    ),
    "F3": Guard(
        mutations.work_after_the_answer,
        notes.test_f03_when_a_function_has_answered_nothing_is_left_to_do,
    ),
    "F4": Guard(
        mutations.no_first_check, notes.test_f04_a_payment_is_paid_without_any_notification
    ),
    "F5": Guard(
        mutations.queries_without_a_rule,
        notes.test_f05_twenty_equal_notifications_make_one_question_one_transition_one_event,
    ),
    "F6": Guard(
        mutations.writes_without_condition,
        states.test_f06_an_answer_that_comes_late_does_not_overwrite_a_newer_state,
    ),
    "F7": Guard(
        mutations.paid_can_be_left, states.test_f07_a_late_failure_does_not_beat_an_earlier_success
    ),
    "F8": Guard(
        mutations.no_late_checks, states.test_f08_money_after_timed_out_is_paid_late_and_a_case
    ),
    "F9": Guard(
        mutations.no_response_is_an_answer,
        states.test_f09_nothing_expires_while_elsom_cannot_be_asked,
    ),
    "F10": Guard(
        mutations.one_check_is_enough,
        states.test_f10_every_open_payment_has_a_next_check_and_an_end,
    ),
    "F11": Guard(
        mutations.unknown_is_not_sent,
        starts.test_f11_a_start_that_timed_out_and_is_repeated_reaches_elsom_once,
    ),
    "F12": Guard(
        mutations.unknown_is_failed,
        starts.test_f12_a_start_that_timed_out_while_money_moved_is_unknown_and_then_paid,
    ),
    "F13": Guard(
        mutations.notifications_are_believed,
        notes.test_f13_a_forged_notification_changes_nothing_and_is_counted,
    ),
    "F14": Guard(
        mutations.ids_of_all_stacks_are_alike,
        notes.test_f14_another_shops_notification_moves_no_payment_of_ours,
    ),
    "F15": Guard(
        mutations.headers_name_the_address,
        notes.test_f15_only_the_gateways_own_source_address_counts,
    ),
    "F16": Guard(
        mutations.pages_do_not_query,
        pages.test_f16_a_customer_who_has_paid_is_told_so_and_never_to_pay_again,
    ),
    "F17": Guard(
        mutations.pages_want_the_cookie,
        pages.test_f17_a_customer_who_returns_in_another_browser_needs_no_cookie,
    ),
    "F18": Guard(
        mutations.nobody_looks_for_duplicates,
        states.test_f18_two_sessions_of_one_order_both_paid_are_a_case,
    ),
    "F19": Guard(
        mutations.failed_webhooks_are_not_kept,
        delivery.test_f19_a_shop_that_was_down_for_an_hour_is_told_everything,
    ),
    "F20": Guard(
        mutations.attempts_are_not_recorded,
        starts.test_f20_a_function_that_dies_in_a_start_sends_no_second_one,
    ),
    "F21": Guard(
        mutations.money_is_a_float,
        starts.test_f21_amounts_reach_elsom_to_the_tyiyn_and_no_digit_is_dropped,
    ),
    "F22": Guard(
        mutations.refusals_are_rolled_back, states.test_f22_what_was_refused_stays_on_record
    ),
    "F23": Guard(
        mutations.bodies_are_logged,
        leaks.test_f23_no_planted_secret_reaches_a_log_an_event_a_problem_or_the_table,
    ),
    "F23 Elsom's words": Guard(
        mutations.elsoms_texts_go_on_as_they_are,
        leaks.test_f23_no_planted_secret_reaches_a_log_an_event_a_problem_or_the_table,
    ),
    "F23 wallets": Guard(
        mutations.wallets_are_not_masked,
        leaks.test_f23_no_planted_secret_reaches_a_log_an_event_a_problem_or_the_table,
    ),
    "F24": Guard(
        mutations.no_circuit, limits.test_f24_elsom_gets_no_storm_of_questions_when_it_is_ill
    ),
    "F24 query rule": Guard(
        mutations.queries_without_a_rule,
        limits.test_f24_one_payment_is_queried_six_times_a_minute_at_most_whoever_wants_it,
    ),
    "F25": Guard(
        mutations.repeats_are_new_items,
        notes.test_f25_a_recorded_notification_can_be_replayed_and_changes_nothing_more,
    ),
    "F31": Guard(
        mutations.resends_forget_first,
        repaired.test_f31_a_resend_that_fails_half_way_leaves_the_pending_retry,
    ),
    "F35": Guard(
        mutations.republish_looks_at_statuses_alone,
        repaired.test_f35_a_disagreement_that_the_stream_lost_is_found_again,
    ),
    "F39": Guard(
        mutations.strangers_write_as_they_like,
        repaired.test_f39_what_a_stranger_writes_does_not_act_on_the_operators_screen,
    ),
    "F39 wallets": Guard(
        mutations.wallets_are_not_masked,
        repaired.test_f39_the_table_tells_no_wallet_number_and_yet_compares_it,
    ),
    "F40": Guard(
        mutations.sequences_count,
        repaired.test_f40_after_a_restore_no_event_id_is_used_for_another_event,
    ),
    "large notifications": Guard(
        mutations.notifications_fill_the_payment,
        floods.test_twelve_notifications_of_60_kilobytes_do_not_keep_a_payment_from_being_paid,
    ),
    "unknown ids": Guard(
        mutations.unknown_ids_at_any_rate,
        floods.test_unknown_ids_by_the_thousand_do_not_delay_known_payments,
        {"number": 200},
    ),
    "Elsom away": Guard(
        mutations.no_circuit,
        elsom_away.test_nothing_expires_and_nothing_is_lost_while_elsom_is_away,
        {"way": "500"},
    ),
    "killed in a start": Guard(
        mutations.attempts_are_not_recorded,
        crashes.test_a_function_killed_at_any_call_is_made_up_for,
        {"step": WARM_START},
    ),
    "answer lost": Guard(
        mutations.writers_do_not_know_their_own_write,
        aws_fails.test_one_failed_call_is_repeated_and_nobody_notices,
        {"step": START},
    ),
}


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "START_READ_SECONDS", 0.3)
    monkeypatch.setattr(client, "STATUS_READ_SECONDS", 0.5)


@pytest.mark.parametrize("name", GUARDS)
def test_without_its_guard_a_test_fails(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = GUARDS[name]
    wanted = inspect.signature(guard.test).parameters
    # The stack first: the guard goes when everything stands.
    given = {one: request.getfixturevalue(one) for one in wanted if one not in guard.reported}
    guard.take_away(monkeypatch)
    with pytest.raises(AssertionError):
        guard.test(**given, **guard.reported)


def test_every_failure_has_its_test_its_guard_and_its_row_in_the_docs() -> None:
    wanted = [f"F{number}" for number in (*range(1, 26), 31, 35, 39, 40)]
    assert [name for name in GUARDS if " " not in name and name[1:].isdigit()] == wanted
    rows = re.findall(r"^\| (F\d+) \|.*\|$", SECURITY.read_text(), re.MULTILINE)
    assert rows == [f"F{number}" for number in range(1, 43)]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY.read_text())
    assert len(named) > len(wanted)
    for file, test in named:
        source = (FOLDER.parents[1] / file).read_text()
        assert f"def {test}(" in source, (file, test)
    tests = {
        test
        for path in FOLDER.glob("test_*.py")
        for test in re.findall(r"^def (test_f\d\d_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert {test[5:8] for test in tests} == {f"f{int(name[1:]):02d}" for name in wanted}
    assert tests <= {test for _, test in named}, "each is in the table"
