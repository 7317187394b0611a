"""Which cases follow from what is stored, and how they end."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from payments.domain.cases import (
    CaseKind,
    CaseState,
    cases_between,
    cases_of,
    duplicates_among,
    paid_unknown,
    resolve,
)
from payments.domain.clock import DAY, HOUR, MINUTE
from payments.domain.payment import ElsomStatus, Payment, Reason, Status
from payments.domain.transitions import apply_answer, fail_unsent
from payments.store.cases import case_of, item_of
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, POLICY

IDS = [f"{number}123456789ABCDEFGHJK" for number in range(4)]


def paid(payment_id: str, paid_at: int) -> Payment:
    return a_payment(Status.PAID, id=payment_id, paid_at=paid_at)


def test_a_late_success_is_a_case_that_tells_how_the_payment_had_ended() -> None:
    open_payment = a_payment()
    ended = apply_answer(open_payment, ElsomStatus.TIMED_OUT, NOW, NOW, POLICY)
    late = apply_answer(ended, ElsomStatus.PAID, NOW + 2 * DAY, NOW + 2 * DAY, POLICY)
    assert cases_between(open_payment, ended) == []
    (case,) = cases_between(ended, late)
    assert case.case_kind is CaseKind.PAID_LATE
    assert (case.payment_id, case.order, case.opened_at) == (PAYMENT_ID, "A-1001", NOW + 2 * DAY)
    assert case.evidence == {
        "amount": "1500.00",
        "paidAt": "2026-11-26T06:00:00.000Z",
        "endedAs": "expired",
        "endedAt": "2026-11-24T06:00:00.000Z",
        "endReason": "elsom-2",
    }


@pytest.mark.parametrize(
    "answer", [ElsomStatus.TIMED_OUT, ElsomStatus.CANCELLED, ElsomStatus.ERROR]
)
def test_elsom_taking_its_yes_back_is_one_disagreement_however_often_it_says_so(
    answer: ElsomStatus,
) -> None:
    before = a_payment(Status.PAID)
    after = apply_answer(before, answer, NOW, NOW, POLICY)
    (case,) = cases_between(before, after)
    assert case.case_kind is CaseKind.DISAGREEMENT
    assert case.evidence["answer"] == answer
    back = apply_answer(after, ElsomStatus.PAID, NOW + MINUTE, NOW + MINUTE, POLICY)
    again = apply_answer(back, answer, NOW + HOUR, NOW + HOUR, POLICY)
    assert cases_between(after, back) == cases_between(back, again) == []


def test_a_payment_given_up_unresolved_is_a_case_and_one_that_elsom_ended_is_none() -> None:
    old = a_payment(created_at=NOW - 121 * HOUR)
    given_up = apply_answer(old, ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY)
    assert given_up.status_reason is Reason.UNRESOLVED
    (case,) = cases_between(old, given_up)
    assert case.case_kind is CaseKind.UNRESOLVED
    assert case.evidence["givenUpAt"] == "2026-11-24T06:00:00.000Z"
    assert cases_of(apply_answer(old, ElsomStatus.TIMED_OUT, NOW, NOW, POLICY)) == []
    assert cases_of(fail_unsent(a_payment(Status.CREATED), NOW)) == []


def test_a_payment_given_up_and_paid_after_all_has_both_cases_in_its_life() -> None:
    old = a_payment(created_at=NOW - 121 * HOUR)
    given_up = apply_answer(old, ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY)
    late = apply_answer(given_up, ElsomStatus.PAID, NOW + HOUR, NOW + HOUR, POLICY)
    found = [*cases_between(old, given_up), *cases_between(given_up, late)]
    assert [case.case_kind for case in found] == [CaseKind.UNRESOLVED, CaseKind.PAID_LATE]


def test_of_an_orders_paid_payments_all_but_the_first_are_duplicates_in_whatever_order() -> None:
    order = [paid(IDS[0], NOW), paid(IDS[1], NOW + 5), paid(IDS[2], NOW + 5)]
    open_one = a_payment(id=IDS[3])
    for shuffled in permutations([*order, open_one]):
        found = duplicates_among(shuffled)
        assert [case.payment_id for case in found] == [IDS[1], IDS[2]]
        assert {case.evidence["firstPaymentId"] for case in found} == {IDS[0]}


def test_one_paid_payment_of_an_order_is_no_duplicate() -> None:
    assert duplicates_among([paid(IDS[0], NOW), a_payment(Status.FAILED, id=IDS[1])]) == []


def test_money_for_an_unknown_id_is_a_case_without_order_and_amount() -> None:
    case = paid_unknown(UNKNOWN_ID, NOW, NOW + MINUTE)
    assert case.case_kind is CaseKind.PAID_UNKNOWN
    assert (case.payment_id, case.order) == (UNKNOWN_ID, None)
    assert set(case.evidence) == {"firstSeenAt", "paidAt"}


def test_the_same_finding_has_the_same_id_and_another_kind_or_payment_another() -> None:
    late = replace(a_payment(Status.PAID), late=True, disagreed_at=NOW)
    first, second = cases_of(late), cases_of(replace(late, version=9))
    assert [case.id for case in first] == [case.id for case in second]
    others = [*first, *cases_of(replace(late, id=IDS[1]))]
    assert len({case.id for case in others}) == 4


def test_a_case_is_resolved_once_and_stays_as_the_first_person_left_it() -> None:
    case = paid_unknown(UNKNOWN_ID, NOW, NOW)
    done = resolve(case, "refunded", NOW + HOUR)
    assert (done.state, done.note, done.resolved_at) == (CaseState.RESOLVED, "refunded", NOW + HOUR)
    assert (case.sequence, done.sequence) == (NOW, NOW + HOUR)
    assert resolve(case, "at once", NOW).sequence == NOW + 1
    assert resolve(done, "no, was ours", NOW + DAY) == done


def test_a_case_is_stored_whole_and_never_appears_among_the_payments_of_its_order() -> None:
    (case,) = cases_of(replace(a_payment(Status.PAID), late=True))
    for stored in (case, resolve(case, "refunded", NOW)):
        item = item_of(stored)
        assert case_of(item) == stored
        assert "orderId" not in item
        assert item["createdDay"] == f"case#{stored.state}"
