"""On the deployed stack, where functions really run beside each other."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.deployed import Deployed, eventually
from tests.receiver import Receiver

START, STATUS = "IA_Init", "PartnerGetPaymentStatus"
CUSTOMER = "0556109910"
SECONDS = 60.0


def sequences(reported: Receiver, trn: str) -> Counter[str]:
    """How often each type of event came, repeats of one event counted once."""
    events = {one.event["eventId"]: one.event["type"] for one in reported.about(trn)}
    return Counter(events.values())


def ring_at_once(deployed_stack: Deployed, bodies: list[str]) -> list[int]:
    """Send these to the merchant portal's URL at the same moment; the answers' statuses."""
    url = f"{deployed_stack.cloud.api_url}/elsom/{deployed_stack.secret['callbackToken']}"

    def ring(body: str) -> int:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = requests.post(url, body.encode(), headers=headers, timeout=SECONDS)
        return answer.status_code

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(ring, bodies))


def moves(deployed_stack: Deployed, trn: str) -> list[str]:
    return [entry["what"] for entry in deployed_stack.timeline(trn) if "sequence" in entry]


def test_f05_twenty_equal_notifications_at_once_are_one_transition_and_one_event(
    deployed_stack: Deployed, reported: Receiver
) -> None:
    trn = deployed_stack.start(customerMsisdn=CUSTOMER).body["id"]
    deployed_stack.set_status(trn, "A")
    body = json.dumps({"PartnerPaymentResult": {"PartnerTrnID": trn, "PaymentStatus": "A"}})
    assert ring_at_once(deployed_stack, [body] * 20) == [200] * 20
    deployed_stack.wait_for(trn, "paid", SECONDS)
    eventually(lambda: sequences(reported, trn)["payment.paid"], SECONDS)
    assert moves(deployed_stack, trn) == ["pending", "paid"]
    (kept,) = [entry for entry in deployed_stack.timeline(trn) if entry["what"] == "notification"]
    assert kept["times"] == 20
    assert sequences(reported, trn) == {"payment.pending": 1, "payment.paid": 1}


def test_f11_eight_equal_starts_at_once_are_one_start(
    deployed_stack: Deployed, reported: Receiver
) -> None:
    key, order = uuid.uuid4().hex, f"A-{uuid.uuid4().hex[:8]}"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: deployed_stack.start(key=key, orderId=order), range(8)))
    statuses = Counter(answer.status for answer in answers)
    assert statuses[201] == 1
    assert set(statuses) <= {200, 201, 409}
    assert all("Retry-After" in one.headers for one in answers if one.status == 409)
    (trn,) = {answer.body["id"] for answer in answers if answer.status != 409}
    assert len(deployed_stack.calls(trn, START)) == 1
    again = deployed_stack.start(key=key, orderId=order)
    assert (again.status, again.body["id"]) == (200, trn)
    eventually(lambda: sequences(reported, trn)["payment.pending"], SECONDS)
    assert moves(deployed_stack, trn) == ["pending"]


def test_twelve_large_notifications_at_once_and_a_real_one_end_paid(
    deployed_stack: Deployed,
) -> None:
    trn = deployed_stack.start().body["id"]
    fields: dict[str, Any] = {"PartnerTrnID": trn, "PaymentStatus": "4"}
    large = [
        json.dumps({"PartnerPaymentResult": {**fields, "Message": f"{number:02d}" * 30 * 1024}})
        for number in range(12)
    ]
    deployed_stack.set_status(trn, "A")
    real = json.dumps({"PartnerPaymentResult": {**fields, "PaymentStatus": "A"}})
    assert ring_at_once(deployed_stack, [*large, real]) == [200] * 13
    deployed_stack.wait_for(trn, "paid", SECONDS)
    assert len(deployed_stack.calls(trn, STATUS)) <= 2
    table = deployed_stack.outputs["PaymentsTableName"]
    key = {"pk": {"S": trn}, "sk": {"S": "payment"}}
    item = deployed_stack.cloud.client("dynamodb").get_item(TableName=table, Key=key)["Item"]
    assert len(json.dumps(item)) < 4 * 1024


def test_f23_the_logs_of_the_deployed_functions_hold_no_secret(deployed_stack: Deployed) -> None:
    trn = deployed_stack.start(customerMsisdn=CUSTOMER).body["id"]
    deployed_stack.set_status(trn, "A")
    deployed_stack.notify(trn, fields={"MSISDN": CUSTOMER, "Message": f"wallet {CUSTOMER}"})
    deployed_stack.wait_for(trn, "paid", SECONDS)
    written = "".join(logs_of(deployed_stack))
    assert trn in written
    secret = deployed_stack.secret
    hidden = [secret["password"], secret["callbackToken"], secret["merchantMsisdn"], CUSTOMER]
    hidden += [*secret["pageSigningKeys"], *secret["webhookSecrets"]]
    assert len(hidden) == len(list(filter(None, hidden)))
    assert [one for one in hidden if one in written] == []


def logs_of(deployed_stack: Deployed) -> list[str]:
    logs = deployed_stack.cloud.client("logs")
    found = []
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            ):
                found += [event["message"] for event in events["events"]]
    return found
