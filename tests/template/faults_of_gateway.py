"""Faults of the API, its stage, alarms and the dashboard."""

from __future__ import annotations

from typing import Any, Final

from tests.template.faults import GONE, Listed

P: Final = "Properties/"
ARN: Final = "Fn::GetAtt"
API, STAGE = "PaymentsRestApi", "PaymentsRestApiv1Stage"
ROUTE: Final = P + "Body/paths/|payments/post/"
CALL: Final = ROUTE + "x-amazon-apigateway-integration/"
ANSWERS: Final = P + "Body/x-amazon-apigateway-gateway-responses/"
LAMBDA: Final = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
AGE, SLOW = "ChecksQueueAgeAlarm", "ElsomSlowAlarm"

GATEWAY: Final[Listed] = {
    "an unknown type of integration": (API, CALL + "type", "lambda_proxy"),
    "a function called by another method": (API, CALL + "httpMethod", "GET"),
    "a function that no route can call": (
        API, CALL + "uri",
        {"Fn::Sub": f"{LAMBDA}/gone/invocations"},
    ),
    "a function that does not permit the route": (
        API, CALL + "uri",
        {"Fn::Sub": LAMBDA + "/${PaymentsApiFunction.Arn}/invocations"},
    ),
    "a function's own ARN as an integration": (
        API, CALL + "uri", {ARN: ["StartPaymentFunction", "Arn"]},
    ),
    "an integration that waits for too long": (API, CALL + "timeoutInMillis", 30_000),
    "a route without an integration": (API, ROUTE + "x-amazon-apigateway-integration", GONE),
    "a security scheme that is not there": (API, ROUTE + "security", [{"Cognito": []}]),
    "a method that is not there": (
        API, P + "Body/paths/|payments",
        lambda before: {**before, "fetch": before["get"]},
    ),
    "a path without a slash": (
        API, P + "Body/paths", lambda before: {**before, "cases": before["/cases"]},
    ),
    "an unknown gateway response": (API, ANSWERS + "DEFAULT_3XX", {"statusCode": "300"}),
    "a gateway response of no status": (API, ANSWERS + "THROTTLED/statusCode", "42"),
    "a header that is not in quotes": (
        API, ANSWERS + "THROTTLED/responseParameters/gatewayresponse.header.Retry-After", "1",
    ),
    "a gateway response with an unknown name": (
        API, ANSWERS + "THROTTLED/responseTemplates/application|json", "$context.requestID",
    ),
    "an unknown kind of endpoint": (API, P + "EndpointConfiguration/Types", ["LOCAL"]),
    "an unknown version of OpenAPI": (API, P + "Body/openapi", "4.0"),
    "a policy of a route that is not there": (
        API, P + "Body/x-amazon-apigateway-policy/Statement/1/Resource",
        ["execute-api:/v1/GET/checkout/*"],
    ),
    "a policy with an action of nobody": (
        API, P + "Body/x-amazon-apigateway-policy/Statement/1/Action", "execute-api:Call",
    ),
    "a setting of a route that is not there": (
        STAGE, P + "MethodSettings/1/ResourcePath", "/~1payment",
    ),
    "a setting of a path that is not escaped": (
        STAGE, P + "MethodSettings/2/ResourcePath", "/payments/{id}/check",
    ),
    "a setting of a method that the route does not have": (
        STAGE, P + "MethodSettings/1/HttpMethod", "DELETE",
    ),
    "an unknown level of logs": (STAGE, P + "MethodSettings/0/LoggingLevel", "DEBUG"),
    "a limit that is no number": (STAGE, P + "MethodSettings/0/ThrottlingRateLimit", "many"),
    "a negative limit": (STAGE, P + "MethodSettings/0/ThrottlingBurstLimit", -1),
    "a stage's name with a dot": (STAGE, P + "StageName", "v1.0"),
    "a variable of a stage with a blank": (STAGE, P + "Variables/note", "a note"),
    "a variable of a stage with a hyphen": (STAGE, P + "Variables/logs-role", "x"),
    "a deployment that is not there": (STAGE, P + "DeploymentId", "gone"),
    "an API that is not there": (STAGE, P + "RestApiId", "gone"),
    "an access log that names no request": (
        STAGE, P + "AccessLogSetting/Format", '{"status":"$context.status"}',
    ),
    "an access log with an unknown name": (
        STAGE, P + "AccessLogSetting/Format", "$context.requestId $context.ressourcePath",
    ),
    "an access log that is no JSON": (
        STAGE, P + "AccessLogSetting/Format", '{"requestId":"$context.requestId"',
    ),
    "an access log into nothing": (
        STAGE, P + "AccessLogSetting/DestinationArn", {"Ref": "ApiAccessLogGroup"},
    ),
    "a cache of a size that there is not": (STAGE, P + "CacheClusterSize", "2"),
    "two names for one part of a path": (
        API, P + "Body/paths",
        lambda before: {**before, "/payments/{key}/refund": before["/payments/{id}/resend"]},
    ),
    "a scheme of an unknown authorizer": (
        API, P + "Body/components/securitySchemes/AWS_IAM/x-amazon-apigateway-authtype", "sigv4",
    ),
    "a scheme of a signature with scopes": (API, ROUTE + "security", [{"AWS_IAM": ["pay"]}]),
    "a document that is no OpenAPI": (API, P + "Body/info", {}),
    "a security scheme that is nowhere": (
        API, P + "Body/components/securitySchemes/AWS_IAM/in", "headers",
    ),
    "an import as an unknown kind": (API, P + "Parameters/endpointConfigurationTypes", "LOCAL"),
    "an integration through a tunnel that there is not": (API, CALL + "connectionType", "VPC"),
    "an integration with an unknown key": (API, CALL + "timeout", 5_000),
    "an answer that begins as JSON and is none": (
        API, ANSWERS + "THROTTLED/responseTemplates/application|json", '{"title":',
    ),
    "a compression of nothing": (API, P + "MinimumCompressionSize", 10_485_761),
    "a key from an unknown place": (API, P + "ApiKeySourceType", "QUERY"),
    "a canary of more than all": (STAGE, P + "CanarySetting", {"PercentTraffic": 101}),
    "no permission for a route": (
        API, P + "Body/paths",
        lambda before: {**before, "/payments/{id}/refund": before["/payments/{id}/resend"]},
    ),
    "a deployment of no API": ("PaymentsRestApiDeployment*", P + "RestApiId", "gone"),
    "a deployment that makes the stage too": ("PaymentsRestApiDeployment*", P + "StageName", "v1"),
    "an account's role that API Gateway may not take": (
        "ApiGatewayAccount", P + "CloudWatchRoleArn", {ARN: ["ScheduleRole", "Arn"]},
    ),
    "an account's role by its name": (
        "ApiGatewayAccount", P + "CloudWatchRoleArn", {"Ref": "ApiGatewayLogsRole"},
    ),
}  # fmt: skip

ALARMS: Final[Listed] = {
    "a period of 45 seconds": (AGE, P + "Period", 45),
    "a period of 90 seconds": (AGE, P + "Period", 90),
    "a look back over more than a day": (AGE, P + "EvaluationPeriods", 289),
    "no period at all": (AGE, P + "EvaluationPeriods", 0),
    "more data points than periods": (AGE, P + "DatapointsToAlarm", 3),
    "an unknown comparison": (AGE, P + "ComparisonOperator", "GreaterOrEqual"),
    "an unknown statistic": (AGE, P + "Statistic", "Median"),
    "a percentile as a plain statistic": (AGE, P + "Statistic", "p90"),
    "two statistics": (AGE, P + "ExtendedStatistic", "p90"),
    "a percentile above a hundred": (SLOW, P + "ExtendedStatistic", "p900"),
    "few samples of no percentile": (AGE, P + "EvaluateLowSampleCountPercentile", "evaluate"),
    "few samples treated in an unknown way": (
        SLOW, P + "EvaluateLowSampleCountPercentile", "yes",
    ),
    "an unknown treatment of missing data": (AGE, P + "TreatMissingData", "ok"),
    "no threshold": (AGE, P + "Threshold", GONE),
    "a threshold that is no number": (AGE, P + "Threshold", "five minutes"),
    "a metric that the service does not have": (AGE, P + "MetricName", "AgeOfOldestMessage"),
    "a metric that nothing counts": (SLOW, P + "MetricName", "Latency"),
    "a namespace that is not there": (AGE, P + "Namespace", "AWS/Queues"),
    "a dimension that the metric does not have": (AGE, P + "Dimensions/0/Name", "Queue"),
    "a queue that is given by its URL": (
        AGE, P + "Dimensions/0/Value", {"Ref": "ChecksQueue"},
    ),
    "a function that is given by its ARN": (
        "StreamLagAlarm", P + "Dimensions/0/Value", {ARN: ["PublishEventsFunction", "Arn"]},
    ),
    "an API that is given by its id": (
        "ApiErrorsAlarm", P + "Dimensions/0/Value", {"Ref": "PaymentsRestApi"},
    ),
    "a stage that is not there": ("ApiErrorsAlarm", P + "Dimensions/1/Value", "Prod"),
    "one dimension twice": (AGE, P + "Dimensions", lambda before: before * 2),
    "our metrics without the stack's name": (SLOW, P + "Dimensions", GONE),
    "an action that is a topic's name": (AGE, P + "AlarmActions", ["alarms"]),
    "an action of a topic that is not there": (
        AGE, P + "OKActions",
        [{"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:gone"}],
    ),
    "a table's metric of an unknown operation": (
        "StreamNotReadAlarm", P + "Dimensions/1/Value", "GetRecord",
    ),
    "a stream's metric without the stream": ("StreamNotReadAlarm", P + "Dimensions/2", GONE),
    "an alarm that tells nobody": (AGE, P + "ActionsEnabled", False),
    "six actions": (AGE, P + "AlarmActions", [{"Ref": "AlarmTopic"}] * 6),
    "an alarm's description that is too long": (AGE, P + "AlarmDescription", "x" * 1025),
    "an unknown unit": (AGE, P + "Unit", "Second"),
}  # fmt: skip


def _body(change: str, to: str) -> Any:
    """The dashboard's body with a part replaced."""

    def replaced(before: dict[str, str]) -> dict[str, str]:
        text = before["Fn::Sub"]
        if change not in text:
            raise LookupError(change)
        return {"Fn::Sub": text.replace(change, to, 1)}

    return replaced


DASHBOARD: Final[Listed] = {
    "a dashboard that is no JSON": ("Dashboard", P + "DashboardBody", _body("{", "")),
    "a widget beyond the grid": (
        "Dashboard", P + "DashboardBody", _body('"x": 18', '"x": 19'),
    ),
    "an unknown widget": (
        "Dashboard", P + "DashboardBody", _body('"type": "metric"', '"type": "graph"'),
    ),
    "a widget of a metric that nothing counts": (
        "Dashboard", P + "DashboardBody", _body('"PaidSom"', '"PaidTotal"'),
    ),
    "a widget of an alarm that is not there": (
        "Dashboard", P + "DashboardBody",
        _body("${OpenCasesAlarm.Arn}", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:gone"),
    ),
    "a widget of an unknown statistic": (
        "Dashboard", P + "DashboardBody", _body('"stat": "Sum"', '"stat": "Total"'),
    ),
    "a widget of another region": (
        "Dashboard", P + "DashboardBody", _body("${AWS::Region}", "mars-1"),
    ),
    "a widget of metrics that shows none": (
        "Dashboard", P + "DashboardBody", '{"widgets": [{"type": "metric", "properties": {}}]}',
    ),
    "a dashboard's name with a blank": ("Dashboard", P + "DashboardName", "elsom payments"),
}  # fmt: skip

GATEWAY_FAULTS: Final = {**GATEWAY, **ALARMS, **DASHBOARD}
