"""What API Gateway says of an API, its stage and its routes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.template.iam import glob
from tests.template.stack import Finding, Resource, Stack

METHODS: Final = {"delete", "get", "head", "options", "patch", "post", "put"}
INTEGRATIONS: Final = {"aws", "aws_proxy", "http", "http_proxy", "mock"}
# What an integration has, and what each may be.
INTEGRATION: Final = {
    "cacheKeyParameters": r"\[.*\]",
    "cacheNamespace": r".+",
    "connectionId": r".+",
    "connectionType": r"INTERNET|VPC_LINK",
    "contentHandling": r"CONVERT_TO_(BINARY|TEXT)",
    "credentials": r"arn:.+",
    "httpMethod": r"ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT",
    "passthroughBehavior": r"(?i)never|when_no_match|when_no_templates",
    "payloadFormatVersion": r"1\.0",
    "requestParameters": r"\{.*\}",
    "requestTemplates": r"\{.*\}",
    "responseTransferMode": r"BUFFERED|STREAM",
    "responses": r"\{.*\}",
    "timeoutInMillis": r"\d+",
    "tlsConfig": r"\{.*\}",
    "type": r"(?i)aws|aws_proxy|http|http_proxy|mock",
    "uri": r".+",
}
AUTHORIZERS: Final = {"awsSigv4", "cognito_user_pools", "custom", "oauth2"}
IMPORTED: Final = {
    "basepath": r"ignore|prepend|split",
    "disableExecuteApiEndpoint": r"(?i)true|false",
    "endpointConfigurationTypes": r"EDGE|PRIVATE|REGIONAL",
}
LEVELS: Final = ("ERROR", "INFO", "OFF")
RESPONSES: Final = {
    "ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX",
    "DEFAULT_5XX", "EXPIRED_TOKEN", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED", "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
}  # fmt: skip
# What `$context` has, by the first part of the name.
CONTEXT: Final = {
    "accountId", "apiId", "authorize", "authorizer", "authenticate", "awsEndpointRequestId",
    "customDomain", "domainName", "domainPrefix", "endpointType", "error", "extendedRequestId",
    "httpMethod", "identity", "integration", "integrationErrorMessage", "integrationLatency",
    "integrationStatus", "isCanaryRequest", "path", "protocol", "requestId", "requestOverride",
    "requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "responseLatency",
    "responseLength", "responseOverride", "stage", "status", "tlsVersion", "cipherSuite", "waf",
    "wafResponseCode", "webaclArn", "xrayTraceId", "deploymentId",
}  # fmt: skip
CACHES: Final = {"0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"}
PUBLIC: Final = "NONE"  # SAM's name for a route that anybody may call


def gateway(stack: Stack) -> Iterator[Finding]:
    """APIs, stages, deployments and the account."""
    yield from stack.each(
        {
            "ApiGateway::RestApi": _api,
            "ApiGateway::Stage": _stage,
            "ApiGateway::Deployment": _deployment,
        }
    )


def _operations(api: Resource) -> Iterator[tuple[str, str, Any]]:
    for path, methods in ((api.properties.get("Body") or {}).get("paths") or {}).items():
        for method, operation in methods.items():
            if method != "parameters":
                yield path, method, operation


def _api(stack: Stack, one: Resource) -> Iterator[str]:
    body = one.properties.get("Body") or {}
    yield from _itself(one.properties)
    schemes = (body.get("components") or {}).get("securitySchemes") or {}
    for path, method, operation in _operations(one):
        where = f"{method.upper()} {path}"
        if method not in {*METHODS, "x-amazon-apigateway-any-method"}:
            yield f"{where}: there is no such method"
        if not re.fullmatch(r"/|(/([\w.:-]+|\{[\w.:-]+\+?\}))+", path):
            yield f"{path} is no path"
        yield from (f"{where}: {text}" for text in _security(operation, schemes))
        for text in _integration(stack, one, (path, method), operation):
            yield f"{where}: {text}"
    yield from _schemes(schemes)
    yield from _siblings(one)
    yield from _openapi(body)
    yield from _responses(body)
    yield from _statements(one)


def _itself(given: dict[str, Any]) -> Iterator[str]:
    """The API's own properties."""
    version = (given.get("Body") or {}).get("openapi")
    if not re.fullmatch(r"3\.\d\.\d", str(version)):
        yield f"there is no OpenAPI {version}"
    if given.get("ApiKeySourceType", "HEADER") not in ("AUTHORIZER", "HEADER"):
        yield f"a key does not come by {given['ApiKeySourceType']}"
    if not 0 <= int(given.get("MinimumCompressionSize", 0)) <= 10_485_760:
        yield "compresses from a size on that no answer has"
    kinds = (given.get("EndpointConfiguration") or {}).get("Types") or ["EDGE"]
    if len(kinds) != 1 or kinds[0] not in ("EDGE", "PRIVATE", "REGIONAL"):
        yield f"there is no endpoint {kinds}"
    for name, value in (given.get("Parameters") or {}).items():
        if not re.fullmatch(IMPORTED.get(name, ""), str(value)):
            yield f"{name} is not imported as {value}"


def _schemes(schemes: dict[str, Any]) -> Iterator[str]:
    for name, given in schemes.items():
        kind = given.get("x-amazon-apigateway-authtype")
        is_key = str(given.get("name", "")).lower() == "x-api-key"
        if kind not in AUTHORIZERS and not (kind is None and is_key):
            yield f"the security scheme {name} has no authorizer {kind}"


def _security(operation: Any, schemes: dict[str, Any]) -> Iterator[str]:
    for scheme in operation.get("security") or []:
        for name, scopes in scheme.items():
            if name not in {PUBLIC, *schemes}:
                yield f"there is no security scheme {name}"
            signed = schemes.get(name, {}).get("x-amazon-apigateway-authtype") == "awsSigv4"
            if signed and scopes:
                yield f"{name} has no scopes"


def _openapi(body: dict[str, Any]) -> Iterator[str]:
    """The document by OpenAPI's own schema; SAM leaves `responses` empty, which AWS takes."""
    text = json.dumps(body).replace(
        '"responses": {}', '"responses": {"default": {"description": ""}}'
    )
    for error in OpenAPIV30SpecValidator(json.loads(text)).iter_errors():
        # SAM leaves the names in a path undeclared, which AWS takes too.
        if "was not resolved" not in error.message:
            yield f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"


def _siblings(api: Resource) -> Iterator[str]:
    """Below one part of a path there may be one part with a variable name."""
    seen: dict[str, str] = {}
    for path, _, _ in _operations(api):
        parts = path.strip("/").split("/")
        for number, part in enumerate(parts):
            above = "/".join(parts[:number])
            if part.startswith("{") and seen.setdefault(above, part) != part:
                yield f"{path}: {part} stands beside {seen[above]}"


def _integration(
    stack: Stack, api: Resource, route: tuple[str, str], operation: Any
) -> Iterator[str]:
    given = operation.get("x-amazon-apigateway-integration")
    if not isinstance(given, dict):
        yield "has no integration"
        return
    yield from _values(given)
    if str(given.get("type")).lower() != "aws_proxy":
        return
    if given.get("httpMethod") != "POST":
        yield "a function is called by POST"
    form = (
        rf"arn:{stack.place.partition}:apigateway:{stack.region}:lambda:path/2015-03-31/functions/"
        r"(arn:[^/]+)/invocations"
    )
    found = re.fullmatch(form, str(given.get("uri")))
    function = stack.named(found[1], "Lambda::Function") if found else None
    if function is None:
        yield f"{given.get('uri')} is no function of this stack"
    elif "credentials" not in given and not _is_permitted(stack, api, route, function):
        yield f"{function.logical_id} does not permit this route to invoke it"


def _values(given: dict[str, Any]) -> Iterator[str]:
    if str(given.get("type")).lower() not in INTEGRATIONS:
        yield f"there is no integration {given.get('type')}"
    for name in set(given) - set(INTEGRATION):
        yield f"an integration has no {name}"
    for name, form in INTEGRATION.items():
        if name in given and not re.fullmatch(form, str(given[name]), re.DOTALL):
            yield f"{name} of an integration is not {given[name]}"
    if not 50 <= int(given.get("timeoutInMillis", 29_000)) <= 29_000:
        yield f"a time-out of {given['timeoutInMillis']} ms is not between 50 and 29,000"


def _is_permitted(stack: Stack, api: Resource, route: tuple[str, str], function: Resource) -> bool:
    path, method = route
    name = "*" if method.startswith("x-") else method.upper()
    for stage in stack.of("ApiGateway::Stage"):
        wanted = f"{api.ref}/{stage.ref}/{name}" + re.sub(r"\{[^}]*\}", "X", path)
        arn = stack.place.arn("execute-api", wanted)
        if any(
            one.properties.get("Principal") == "apigateway.amazonaws.com"
            and stack.named(one.properties.get("FunctionName")) is function
            and glob(str(one.properties.get("SourceArn", "*")), arn)
            for one in stack.of("Lambda::Permission")
        ):
            return True
    return False


def _responses(body: Any) -> Iterator[str]:
    for kind, given in (body.get("x-amazon-apigateway-gateway-responses") or {}).items():
        if kind not in RESPONSES:
            yield f"there is no gateway response {kind}"
        if not re.fullmatch(r"[1-5]\d\d", str(given.get("statusCode", 400))):
            yield f"{kind}: there is no status {given['statusCode']}"
        for name, value in (given.get("responseParameters") or {}).items():
            if not re.fullmatch(r"gatewayresponse\.header\.[\w-]+", name):
                yield f"{kind}: there is no parameter {name}"
            if not re.fullmatch(r"'[^']*'|(method|context|stageVariables)\..+", str(value)):
                yield f"{kind}: {value} is neither a text in quotes nor a part of the request"
        for template in (given.get("responseTemplates") or {}).values():
            yield from (f"{kind}: {text}" for text in _context(str(template)))
            yield from (f"{kind}: {text}" for text in _is_json(str(template)))


def _context(text: str) -> Iterator[str]:
    for name in re.findall(r"\$context\.(\w+)", text):
        if name not in CONTEXT:
            yield f"there is no $context.{name}"


def _statements(api: Resource) -> Iterator[str]:
    """The resource policy speaks of routes that are there."""
    policy = (api.properties.get("Body") or {}).get("x-amazon-apigateway-policy") or {}
    routes = [
        f"{method.upper()}{re.sub(r'\{[^}]*\}', 'X', path)}" for path, method, _ in _operations(api)
    ]
    for statement in policy.get("Statement") or []:
        named = statement.get("Resource", [])
        for resource in named if isinstance(named, list) else [named]:
            text = str(resource)
            bare = re.sub(r"^(execute-api:|arn:[^/]*:[^/]*)/?[^/]*/", "", text)
            if not any(glob(bare, route) for route in routes) and text != "*":
                yield f"its policy speaks of {resource}, which is no route"


def _stage(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    api = stack.named(given.get("RestApiId"), "ApiGateway::RestApi")
    deployment = stack.named(given.get("DeploymentId"), "ApiGateway::Deployment")
    if api is None or deployment is None:
        yield "there is no such API or deployment"
        return
    if deployment.properties.get("RestApiId") != given.get("RestApiId"):
        yield "its deployment is of another API"
    if not re.fullmatch(r"[\w-]{1,128}", str(given.get("StageName"))):
        yield f"a stage may not be named {given.get('StageName')}"
    for name, value in (given.get("Variables") or {}).items():
        if not re.fullmatch(r"\w+", name) or not re.fullmatch(r"[\w\-.~:/?#&=,]+", str(value)):
            yield f"the variable {name} may not be {value!r}"
    routes = {(path, method.upper()) for path, method, _ in _operations(api)}
    for setting in given.get("MethodSettings") or []:
        yield from _setting(setting, routes)
    yield from _access_log(stack, given.get("AccessLogSetting"))
    size = given.get("CacheClusterSize")
    if size is not None and str(size) not in CACHES:
        yield f"there is no cache of {size} GB"


def _setting(setting: dict[str, Any], routes: set[tuple[str, str]]) -> Iterator[str]:
    path, method = str(setting.get("ResourcePath")), str(setting.get("HttpMethod"))
    plain = re.sub(r"~1", "/", path.removeprefix("/")) if path != "/*" else "/*"
    exists = (plain, method) in routes or (method == "*" and plain in {p for p, _ in routes})
    if not exists and (path, method) != ("/*", "*"):
        yield f"there is no route {method} {path}"
    if setting.get("LoggingLevel", "OFF") not in LEVELS:
        yield f"there is no level {setting['LoggingLevel']}"
    for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        if name in setting and float(setting[name]) < 0:
            yield f"{name} is negative"
    seconds = int(setting.get("CacheTtlInSeconds", 300))
    if not 0 <= seconds <= 3600:
        yield f"a cache keeps nothing for {seconds} s"


def _access_log(stack: Stack, given: Any) -> Iterator[str]:
    if not given:
        return
    arn, form = str(given.get("DestinationArn")), str(given.get("Format", ""))
    if not stack.named(arn, "Logs::LogGroup") and ":firehose:" not in arn:
        yield f"there is no log group {arn}"
    # An account that has no role for it refuses the stage; another stack's may have set it.
    if not re.search(r"\$context\.(requestId|extendedRequestId)\b", form):
        yield "its access log names no request"
    if "\n" in form:
        yield "the format of its access log has several lines"
    yield from _context(form)
    yield from (f"its access log: {text}" for text in _is_json(form))


def _is_json(template: str) -> Iterator[str]:
    """A template that begins as JSON is JSON."""
    if template.lstrip().startswith("{"):
        try:
            json.loads(template)
        except ValueError:
            yield f"{template[:60]} is no JSON"


def _deployment(stack: Stack, one: Resource) -> Iterator[str]:
    if not stack.named(one.properties.get("RestApiId"), "ApiGateway::RestApi"):
        yield f"there is no API {one.properties.get('RestApiId')}"
    if "StageName" in one.properties and any(
        stage.ref == one.properties["StageName"] for stage in stack.of("ApiGateway::Stage")
    ):
        yield "makes a stage that the stack makes too"
