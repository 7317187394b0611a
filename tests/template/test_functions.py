"""The functions and what calls them."""

from __future__ import annotations

import inspect
from pathlib import Path

from payments.domain.clock import SECOND
from payments.domain.next_check import LEASE
from payments.settings import Settings
from tests.template.transform import ROOT, Json, of_type, only, resolve, source

API_LIMIT = 29  # seconds API Gateway waits
FOLDERS = {
    "StartPaymentFunction": "start_payment",
    "ElsomCallbackFunction": "elsom_callback",
    "ScheduleChecksFunction": "schedule_checks",
    "CheckPaymentFunction": "check_payment",
    "PaymentsApiFunction": "payments_api",
    "CustomerPagesFunction": "customer_pages",
    "PublishEventsFunction": "publish_events",
    "DeliverWebhookFunction": "deliver_webhook",
}


def functions(template: Json) -> Json:
    return {
        name: one["Properties"] for name, one in of_type(template, "AWS::Lambda::Function").items()
    }


def test_the_functions_are_exactly_the_known_ones(transformed: Json) -> None:
    assert set(functions(transformed)) == set(FOLDERS)


def test_each_functions_code_is_its_own_folder() -> None:
    for name, folder in FOLDERS.items():
        properties = source()["Resources"][name]["Properties"]
        assert Path(properties["CodeUri"]) == Path("functions") / folder
        assert (ROOT / properties["CodeUri"] / "handler.py").is_file()
        assert source()["Resources"][name]["Metadata"]["BuildMethod"] == "makefile"


def test_all_run_python_3_13_on_the_chosen_processor_with_the_one_layer(
    transformed: Json, values: dict[str, str]
) -> None:
    (layer,) = of_type(transformed, "AWS::Lambda::LayerVersion")
    for name, function in functions(transformed).items():
        assert function["Runtime"] == "python3.13", name
        assert function["Handler"] == "handler.lambda_handler", name
        architecture = resolve(function["Architectures"], values)
        assert architecture == [values.get("Architecture", "arm64")], name
        assert function["Layers"] == [{"Ref": layer}], name


def test_the_layer_is_for_both_processors(transformed: Json) -> None:
    layer = only(transformed, "AWS::Lambda::LayerVersion")
    assert set(layer["CompatibleArchitectures"]) == {"arm64", "x86_64"}
    assert layer["CompatibleRuntimes"] == ["python3.13"]


def test_a_change_of_layer_or_parameters_goes_live_because_nothing_is_frozen_in_a_version(
    transformed: Json,
) -> None:
    assert not of_type(transformed, "AWS::Lambda::Alias")
    assert not of_type(transformed, "AWS::Lambda::Version")
    assert not any("SnapStart" in function for function in functions(transformed).values())


def test_no_capacity_is_reserved_which_a_new_account_would_refuse(transformed: Json) -> None:
    for function in functions(transformed).values():
        assert "ReservedConcurrentExecutions" not in function


def test_a_route_answers_before_the_gateway_gives_up(transformed: Json) -> None:
    called = {
        permission["Properties"]["FunctionName"]["Ref"]
        for permission in of_type(transformed, "AWS::Lambda::Permission").values()
    }
    assert len(called) == 4
    for name in called:
        assert functions(transformed)[name]["Timeout"] < API_LIMIT, name
    assert functions(transformed)["StartPaymentFunction"]["Timeout"] <= 28


def test_each_function_writes_json_to_its_own_log_group(transformed: Json) -> None:
    for name, function in functions(transformed).items():
        group = name.removesuffix("Function") + "LogGroup"
        assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": group}}


def test_no_function_is_traced(transformed: Json) -> None:
    """Two see the token or a signature in the URL; and `Active` costs 13 to 40 USD a million."""
    for name, function in functions(transformed).items():
        assert function["TracingConfig"] == {"Mode": "PassThrough"}, name


def test_every_environment_variable_is_one_that_the_settings_read(transformed: Json) -> None:
    known = {field.upper() for field in inspect.get_annotations(Settings)}
    for name, function in functions(transformed).items():
        given = set(function["Environment"]["Variables"])
        ours = {variable for variable in given if not variable.startswith("POWERTOOLS_")}
        assert ours <= known, name
        assert {"PAYMENTS_TABLE", "SECRET_ARN", "CHECKS_QUEUE_URL", "STACK_ID"} <= ours, name


def test_sandbox_mode_is_off_unless_it_is_asked_for(
    transformed: Json, values: dict[str, str]
) -> None:
    for function in functions(transformed).values():
        mode = function["Environment"]["Variables"]["SANDBOX_MODE"]
        assert resolve(mode, values) == "false"
        assert resolve(mode, {**values, "SandboxMode": "true"}) == "true"


def test_the_queue_hides_a_message_six_times_as_long_as_its_function_may_run(
    transformed: Json,
) -> None:
    queue = transformed["Resources"]["ChecksQueue"]["Properties"]
    assert (
        queue["VisibilityTimeout"] >= 6 * functions(transformed)["CheckPaymentFunction"]["Timeout"]
    )
    assert queue["VisibilityTimeout"] * SECOND < LEASE, "what died is not queried about twice"


def test_a_message_that_is_first_received_late_still_gets_all_its_receives(
    transformed: Json,
) -> None:
    queue = transformed["Resources"]["ChecksQueue"]["Properties"]
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    longest_wait = 15 * 60
    needed = receives * queue["VisibilityTimeout"] + (receives + 1) * longest_wait
    assert queue["MessageRetentionPeriod"] >= needed


def test_checks_come_one_by_one_and_no_more_at_once_than_elsom_bears(
    transformed: Json, values: dict[str, str]
) -> None:
    (mapping,) = (
        source["Properties"]
        for source in of_type(transformed, "AWS::Lambda::EventSourceMapping").values()
        if source["Properties"]["EventSourceArn"] == {"Fn::GetAtt": ["ChecksQueue", "Arn"]}
    )
    assert mapping["FunctionName"] == {"Ref": "CheckPaymentFunction"}
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    at_once = resolve(mapping["ScalingConfig"]["MaximumConcurrency"], values)
    assert at_once == int(values.get("ElsomMaxConcurrency", "5"))
    assert isinstance(at_once, int)


def test_every_allowed_concurrency_is_mapped_to_its_number() -> None:
    allowed = source()["Parameters"]["ElsomMaxConcurrency"]["AllowedValues"]
    mapped = source()["Mappings"]["ElsomMaxConcurrency"]
    assert {value: {"Value": int(value)} for value in allowed} == mapped


def test_checks_are_scheduled_every_minute_and_a_missed_minute_is_not_made_up(
    transformed: Json,
) -> None:
    schedule = only(transformed, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = schedule["Target"]
    assert target["Arn"] == {"Fn::GetAtt": ["ScheduleChecksFunction", "Arn"]}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    invocation = only(transformed, "AWS::Lambda::EventInvokeConfig")
    assert invocation["FunctionName"] == {"Ref": "ScheduleChecksFunction"}
    assert invocation["MaximumRetryAttempts"] == 0
    assert invocation["MaximumEventAgeInSeconds"] == 60
    assert functions(transformed)["ScheduleChecksFunction"]["Timeout"] < 60
