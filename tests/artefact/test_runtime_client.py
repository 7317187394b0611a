"""Every built function in AWS's own runtime client, with the template's environment."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payments.telemetry import Metric
from tests.artefact.embedded_metrics import NotReadable, read
from tests.artefact.functions_on_moto import (
    STACK_NAME,
    TWO_EVENTS,
    Functions,
    deployed_on_moto,
    function_names,
)
from tests.artefact.runtime_api import Invocation, Run, runtime_folder

# What an ordinary invocation measures. What is not here measures nothing when all is well.
MEASURED = {
    "StartPaymentFunction": {Metric.ELSOM_NO_RESPONSE, Metric.ELSOM_LATENCY},
    "ElsomCallbackFunction": {Metric.NOTIFICATION_RECEIVED},
    "ScheduleChecksFunction": {Metric.SCHEDULE_RUN, Metric.OLDEST_WAIT, Metric.OPEN_CASES},
    "CheckPaymentFunction": {Metric.ELSOM_NO_RESPONSE, Metric.ELSOM_LATENCY},
    "PublishEventsFunction": {Metric.PAID},
    "DeliverWebhookFunction": {Metric.WEBHOOK_DELIVERED},
}
# What each answers: an HTTP status for API Gateway, or what the event source is told.
ANSWERED: dict[str, tuple[Any, Any]] = {
    "StartPaymentFunction": (201, 200),
    "ElsomCallbackFunction": (200, 200),
    "ScheduleChecksFunction": (None, None),
    "CheckPaymentFunction": ({"batchItemFailures": []},) * 2,
    "PaymentsApiFunction": (200, 200),
    "CustomerPagesFunction": (200, 302),
    "PublishEventsFunction": (None, None),
    "DeliverWebhookFunction": ({"batchItemFailures": []},) * 2,
}


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    runtime = runtime_folder(tmp_path_factory.mktemp("runtime"))
    with deployed_on_moto(runtime) as made:
        yield made


@pytest.fixture(scope="module")
def runs(functions: Functions, built: Path) -> dict[str, Run]:
    """Each function's process with its two events, in the order in which a payment meets them."""
    return {name: functions.run(name, built, events) for name, events in TWO_EVENTS.items()}


def answer_of(invocation: Invocation) -> Any:
    assert invocation.error is None, invocation.error
    given = invocation.answer
    return given["statusCode"] if isinstance(given, dict) and "statusCode" in given else given


def test_every_function_of_the_template_is_run_by_this_python(functions: Functions) -> None:
    assert function_names(functions.template) == sorted(TWO_EVENTS)
    assert len(TWO_EVENTS) == 8
    for name in TWO_EVENTS:
        runtime = functions.properties(name)["Runtime"]
        assert runtime == f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize("name", TWO_EVENTS)
def test_a_function_answers_two_events_one_after_the_other(runs: dict[str, Run], name: str) -> None:
    run = runs[name]
    assert run.init_error is None, run
    assert len(run.invocations) == 2, run
    assert tuple(answer_of(one) for one in run.invocations) == ANSWERED[name], run


@pytest.mark.parametrize("name", TWO_EVENTS)
def test_every_line_of_its_log_is_one_json_object_with_the_requests_id(
    runs: dict[str, Run], name: str
) -> None:
    ids = {one.request_id for one in runs[name].invocations}
    logged = set()
    for line in runs[name].log:
        document = json.loads(line)
        assert isinstance(document, dict), line
        if "_aws" in document:
            continue
        assert {"level", "message", "timestamp", "service"} <= set(document), line
        assert document["service"] == STACK_NAME
        # The payment that is published has a paid sibling: a case, of which a warning tells.
        assert document["level"] in {"INFO", "WARNING"}, line
        logged.add(document["function_request_id"])
    assert logged <= ids
    if name not in {"ElsomCallbackFunction", "PaymentsApiFunction", "CustomerPagesFunction"}:
        assert logged == ids


@pytest.mark.parametrize("name", TWO_EVENTS)
def test_cloudwatch_reads_its_metrics_with_the_stacks_name_and_a_unit(
    runs: dict[str, Run], name: str
) -> None:
    values = [value for line in runs[name].log for value in read(line)]
    measured = {value.name for value in values}
    assert measured <= set(Metric)
    assert measured >= MEASURED.get(name, set()), runs[name].log
    for value in values:
        assert (value.namespace, value.dimensions) == ("ElsomPayments", (("service", STACK_NAME),))
        late = value.name in {Metric.ELSOM_LATENCY, Metric.OLDEST_WAIT}
        assert value.unit == ("Milliseconds" if late else "Count"), value


# ---------------------------------------------------------------- faults put in by the test


def test_a_missing_dependency_is_found_before_the_first_event(
    functions: Functions, built: Path, layer: Path, tmp_path: Path
) -> None:
    for part in layer.iterdir():
        if part.name != "msgspec":
            (tmp_path / part.name).symlink_to(part)
    run = functions.run("StartPaymentFunction", built, ({},), layer=tmp_path)
    assert run.invocations == []
    assert run.init_error is not None
    assert run.init_error["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'msgspec'" in run.init_error["errorMessage"]


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("handler.handle", "Runtime.HandlerNotFound"),
        ("main.lambda_handler", "Runtime.ImportModuleError"),
        ("lambda_handler", "Runtime.MalformedHandlerName"),
    ],
)
def test_a_wrong_handler_name_is_found_before_the_first_event(
    functions: Functions, built: Path, handler: str, kind: str
) -> None:
    run = functions.run("ScheduleChecksFunction", built, ({},), handler=handler)
    assert run.invocations == []
    assert run.init_error is not None
    assert run.init_error["errorType"] == kind


def test_an_error_of_the_handler_is_told_to_lambda_and_logged_as_json(
    functions: Functions, built: Path
) -> None:
    run = functions.run("PublishEventsFunction", built, ({"no": "Records"},))
    (failed,) = run.invocations
    assert failed.error is not None
    assert failed.error["errorType"] == "KeyError"
    assert any(json.loads(line).get("errorType") == "KeyError" for line in run.log)


def a_line(**changes: Any) -> str:
    directive = {
        "Namespace": "ElsomPayments",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Paid", "Unit": "Count"}],
        **changes.pop("directive", {}),
    }
    when = changes.pop("Timestamp", time.time_ns() // 1_000_000)
    metadata = {"Timestamp": when, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, "service": "shop", "Paid": [1.0], **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"directive": {"Namespace": "AWS/Lambda"}},
        {"directive": {"Namespace": ""}},
        {"directive": {"Dimensions": []}},
        {"directive": {"Dimensions": [["service", "stage"]]}},
        {"directive": {"Metrics": [{"Name": "Paid", "Unit": "count"}]}},
        {"directive": {"Metrics": [{"Name": "Paid", "Unit": "Som"}]}},
        {"directive": {"Metrics": [{"Name": "Paid", "StorageResolution": 30}]}},
        {"directive": {"Metrics": [{"Name": "Started", "Unit": "Count"}]}},
        {"service": 7},
        {"service": ""},
        {"Paid": "1"},
        {"Paid": [1.0] * 101},
        {"Paid": True},
        {"Timestamp": 1},
        {"Timestamp": "2026-11-24"},
    ],
)
def test_a_line_that_cloudwatch_would_drop_is_not_read(changes: dict[str, Any]) -> None:
    assert [value.value for value in read(a_line())] == [1.0]
    with pytest.raises(NotReadable):
        read(a_line(**changes))
