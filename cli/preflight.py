"""Whether a stack can be deployed: what `elsom preflight` looks at, in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cli import account, stack_state
from cli.answers import WrongAnswer, check, required
from cli.elsom_urls import look_at_elsom
from cli.findings import Finding, bad, ok
from cli.target import Target

CREDENTIALS: Final = "credentials"
type _OfTarget = Callable[[Target, str], Iterator[Finding]]


@dataclass(frozen=True)
class Plan:
    """A stack that is to be deployed, with these parameters."""

    target: Target
    parameters: dict[str, str]


def _look_at_parameters(plan: Plan, name: str) -> Iterator[Finding]:
    missing = [one for one in required() if not plan.parameters.get(one)]
    if missing:
        yield bad(name, f"{', '.join(missing)} not given", "give them: ./elsom configure")
        return
    for one, value in plan.parameters.items():
        try:
            if not plan.target.is_local:
                check(one, value)
        except WrongAnswer as error:
            yield bad(name, str(error), f"./elsom configure {one}=VALUE")
            return
    yield ok(name, f"{len(plan.parameters)} are given, the others have defaults")


def _of_target(look: _OfTarget) -> Callable[[Plan, str], Iterator[Finding]]:
    return lambda plan, name: look(plan.target, name)


def _look_at_concurrency(plan: Plan, name: str) -> Iterator[Finding]:
    return account.look_at_concurrency(plan.target, plan.parameters, name)


def _look_at_gateway_role(plan: Plan, name: str) -> Iterator[Finding]:
    return account.look_at_gateway_role(plan.target, plan.parameters, name)


def _look_at_elsom(plan: Plan, name: str) -> Iterator[Finding]:
    return look_at_elsom(plan.target, plan.parameters, name)


LOOKS: Final[dict[str, Callable[[Plan, str], Iterator[Finding]]]] = {
    CREDENTIALS: _of_target(account.look_at_credentials),
    "region": _of_target(account.look_at_region),
    "parameters": _look_at_parameters,
    "stack": _of_target(stack_state.look_before_deployment),
    "left behind": _of_target(stack_state.look_at_leftovers),
    "names": _of_target(account.look_at_names),
    "Lambda concurrency": _look_at_concurrency,
    "quota": _of_target(account.look_at_quotas),
    "API Gateway role": _look_at_gateway_role,
    "Elsom": _look_at_elsom,
}
