"""Two opinions on CloudFormation's calls: boto3's own models, and what moto answers in process."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import boto3
import botocore.session
import regex  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.validate import ParamValidator
from moto import mock_aws
from moto.core.config import default_user_config

from tests.template.api_calls import Call, calls
from tests.template.physical import STREAM_LABEL
from tests.template.stack import Finding, Stack

# Made of a resource, and not checked by moto: it refuses what AWS takes.
_LEFT_TO_OTHERS: Final = {"ImportRestApi"}


@cache
def _session() -> Any:
    return botocore.session.get_session()


@cache
def _shape(service: str, operation: str) -> Any:
    return _session().get_service_model(service).operation_model(operation).input_shape


def models(stack: Stack) -> Iterator[Finding]:
    """boto3's models: types, lengths, ranges, and what boto3 itself leaves out: words, patterns."""
    for call in _calls(stack):
        if isinstance(call, Finding):
            yield call
            continue
        shape = _shape(call.service, call.operation)
        given = as_requested(call.parameters, shape)
        report = ParamValidator().validate(given, shape)
        if report.has_errors():
            yield Finding(call.logical_id, f"{call.operation}: {report.generate_report()[:300]}")
        for text in _values(given, shape, call.operation):
            yield Finding(call.logical_id, text)


def as_requested(value: Any, shape: Any) -> Any:
    """A number of a template is a text where the call wants one."""
    match shape.type_name, value:
        case "structure", dict():
            members = shape.members
            return {
                name: as_requested(item, members[name]) if name in members else item
                for name, item in value.items()
            }
        case "list", list():
            return [as_requested(item, shape.member) for item in value]
        case "map", dict():
            return {str(key): as_requested(item, shape.value) for key, item in value.items()}
        case "string", bool():
            return str(value).lower()
        case "string", int() | float():
            return str(value)
    return value


def _calls(stack: Stack) -> Iterator[Call | Finding]:
    """The calls; a resource whose properties cannot even be put into one is a finding."""
    try:
        yield from calls(stack)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        for one in stack.resources.values():
            alone = Stack(stack.template, stack.values, stack.region, stack.account)
            alone.__dict__["resources"] = {one.logical_id: one}
            try:
                list(calls(alone))
            except (AttributeError, KeyError, TypeError, ValueError):
                yield Finding(one.logical_id, f"no call can be made of it: {error!r}")


def _values(value: Any, shape: Any, place: str) -> Iterator[str]:
    """Words that are not among those of the model, and texts that do not match its pattern."""
    match shape.type_name, value:
        case "structure", dict():
            for name in set(value) & set(shape.members):
                yield from _values(value[name], shape.members[name], f"{place}.{name}")
        case "list", list():
            yield from _items(value, shape, place)
        case "map", dict():
            for key, item in value.items():
                yield from _values(key, shape.key, f"{place}.{key}")
                yield from _values(item, shape.value, f"{place}.{key}")
        case "string", str():
            yield from _text(value, shape, place)
        case "integer" | "long" | "double", int() | float():
            if value > shape.metadata.get("max", value):
                yield f"{place}: {value} is more than {shape.metadata['max']}"


def _items(value: list[Any], shape: Any, place: str) -> Iterator[str]:
    for item in value:
        yield from _values(item, shape.member, place)
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    if not least <= len(value) <= most:
        yield f"{place}: {len(value)} items, not {least} to {most}"


def _text(value: str, shape: Any, place: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{place}: {value} is not among {', '.join(shape.enum[:12])}"
    if len(value) > shape.metadata.get("max", len(value)):
        yield f"{place}: is longer than {shape.metadata['max']} characters"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"{place}: {value[:80]!r} does not match {pattern[:80]}"


@cache
def _compiled(pattern: str) -> Any:
    # As Java has it: `\\p{...}` inside, and a hyphen that ends a class.
    return regex.compile(re.sub(r"^\^|\$$", "", pattern))


def moto(stack: Stack) -> Iterator[Finding]:
    """moto's answers to the calls, one after the other, in an empty account."""
    settings: Any = {
        **default_user_config,
        "iam": {"load_aws_managed_policies": True},
        "lambda": {"use_docker": False},
    }
    quiet = logging.getLogger("botocore")
    before = quiet.level
    quiet.setLevel(logging.CRITICAL)
    try:
        with mock_aws(config=settings):
            account = _Account(stack.region)
            for call in _calls(stack):
                if isinstance(call, Finding):
                    yield call
                elif call.operation not in _LEFT_TO_OTHERS:
                    yield from account.answer(call)
    finally:
        quiet.setLevel(before)


class _Account:
    """An empty account; streams get names of their own there, which calls after that must bear."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._label = STREAM_LABEL

    def answer(self, call: Call) -> Iterator[Finding]:
        """What is wrong with a call, if something is."""
        client: Any = boto3.client(call.service, region_name=self._region)  # type: ignore[call-overload] # by name
        try:
            given = as_requested(call.parameters, _shape(call.service, call.operation))
            found = getattr(client, xform_name(call.operation))(**self._named(given))
        except (BotoCoreError, ClientError) as error:
            yield Finding(call.logical_id, f"{call.operation}: {str(error)[:300]}")
        except Exception as error:  # noqa: BLE001 - moto falls over some of what AWS refuses
            yield Finding(call.logical_id, f"{call.operation}: {error!r}"[:300])
        else:
            if call.operation == "CreateTable":
                self._label = found["TableDescription"].get("LatestStreamLabel", STREAM_LABEL)

    def _named(self, parameters: Any) -> Any:
        if isinstance(parameters, dict):
            return {key: self._named(value) for key, value in parameters.items()}
        if isinstance(parameters, list):
            return [self._named(value) for value in parameters]
        if isinstance(parameters, str):
            return parameters.replace(STREAM_LABEL, self._label)
        return parameters
