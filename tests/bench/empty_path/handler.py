"""The way of a notification without what we do on it: each function only hands on."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
import urllib3

dynamodb = boto3.client("dynamodb")
events = boto3.client("events")
sqs = boto3.client("sqs")


def receive(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    sqs.send_message(QueueUrl=os.environ["CHECKS_QUEUE_URL"], MessageBody=event["body"])
    return {"statusCode": 200, "body": "{}"}


def check(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        name = json.loads(record["body"])["id"]
        dynamodb.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": name}})


def publish(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        detail = {"type": "payment.paid", "payment": {"id": record["dynamodb"]["Keys"]["pk"]["S"]}}
        entry: Any = {
            "Source": "empty",
            "DetailType": "paid",
            "Detail": json.dumps(detail),
            "EventBusName": os.environ["BUS"],
        }
        events.put_events(Entries=[entry])


def deliver(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        urllib3.request("POST", os.environ["HOOK"], body=record["body"].encode(), timeout=10)
