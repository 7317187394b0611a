"""Where the layer's own botocore sends its calls, in several regions of several partitions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "payments" / "payments"
REGIONS = {
    "us-east-1": "amazonaws.com",
    "eu-central-1": "amazonaws.com",
    "ap-south-1": "amazonaws.com",
    "me-central-1": "amazonaws.com",
    "eu-central-2": "amazonaws.com",
    "ap-southeast-4": "amazonaws.com",
    "us-gov-west-1": "amazonaws.com",
    "cn-north-1": "amazonaws.com.cn",
}
PARTITIONS = {"aws", "aws-us-gov", "aws-cn"}
# One call of each service that the functions use.
CALLS = {
    "dynamodb": ("get_item", {"TableName": "payments", "Key": {"pk": {"S": "1"}}}),
    "events": ("put_events", {"Entries": [{"Source": "elsom.payments", "EventBusName": "shop"}]}),
    "secretsmanager": ("get_secret_value", {"SecretId": "elsom"}),
    "sqs": ("send_message", {"QueueUrl": "", "MessageBody": "{}"}),
    "ssm": ("get_parameter", {"Name": "/elsom/ca"}),
}
# Prints where each call would go: nothing is sent.
PROGRAM = """
import json, sys
path, regions, calls = json.load(sys.stdin)
sys.path[:0] = path
import boto3
found, partitions = {}, {}
for region in regions:
    session = boto3.session.Session(
        region_name=region, aws_access_key_id="test", aws_secret_access_key="test")
    partitions[region] = session.get_partition_for_region(region)
    for service, (operation, arguments) in calls.items():
        client = session.client(service)
        urls = []
        def note(request, urls=urls, **_):
            urls.append(request.url)
            raise SystemError("not sent")
        client.meta.events.register_first("before-send", note)
        if "QueueUrl" in arguments:
            arguments["QueueUrl"] = client.meta.endpoint_url + "/111122223333/checks"
        try:
            getattr(client, operation)(**arguments)
        except SystemError:
            pass
        found[f"{service} {region}"] = urls[0]
json.dump([found, partitions, boto3.__file__], sys.stdout)
"""


def run(path: list[str], *flags: str) -> tuple[dict[str, str], dict[str, str], str]:
    """Where each call goes, by service and region; each region's partition; which boto3 it was."""
    done = subprocess.run(
        [sys.executable, *flags, "-B", "-c", PROGRAM],
        input=json.dumps([path, list(REGIONS), CALLS]),
        env={"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, partitions, origin = json.loads(done.stdout)
    return found, partitions, origin


@cache
def of_layer(layer: Path) -> tuple[dict[str, str], dict[str, str], str]:
    return run([str(layer)], "-I", "-S")


def test_every_service_that_the_functions_use_is_called_here() -> None:
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    assert set(re.findall(r"\bclient\(\"([a-z0-9]+)\"\)", code)) <= set(CALLS)


def test_the_layer_knows_the_regions_of_three_partitions(layer: Path) -> None:
    _, partitions, origin = of_layer(layer)
    assert Path(origin).is_relative_to(layer)
    assert set(partitions) == set(REGIONS)
    assert set(partitions.values()) == PARTITIONS


@pytest.mark.parametrize("region", REGIONS)
def test_a_call_goes_to_its_service_in_its_region(layer: Path, region: str) -> None:
    found, _, _ = of_layer(layer)
    for service in CALLS:
        url = found[f"{service} {region}"]
        assert re.match(rf"https://{service}\.{region}\.{re.escape(REGIONS[region])}/", url), url


def test_the_layers_endpoints_are_those_of_boto3_as_it_is_published(layer: Path) -> None:
    published, _, origin = run([])
    assert not Path(origin).is_relative_to(layer)
    assert of_layer(layer)[0] == published
