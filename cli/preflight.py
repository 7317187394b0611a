"""Whether a stack can be deployed: what `elsom preflight` looks at, in this order."""

from __future__ import annotations

from typing import Final

from cli import account, stack_state
from cli.answers import WrongAnswer, check, required
from cli.elsom_urls import look_at_elsom
from cli.findings import Finding, Look, bad, ok
from cli.target import Target

CREDENTIALS: Final = "credentials"


def planned(target: Target, parameters: dict[str, str]) -> Target:
    """A stack that is to be deployed, with these parameters."""
    target.parameters = parameters
    return target


def _parameters(target: Target) -> Finding:
    missing = [one for one in required() if not target.parameters.get(one)]
    if missing:
        return bad(f"{', '.join(missing)} not given", "give them: ./elsom configure")
    for one, value in target.parameters.items():
        try:
            if not target.is_local:
                check(one, value)
        except WrongAnswer as error:
            return bad(str(error), f"./elsom configure {one}=VALUE")
    return ok(f"{len(target.parameters)} are given, the others have defaults")


LOOKS: Final[dict[str, Look]] = {
    CREDENTIALS: account.look_at_credentials,
    "region": account.look_at_region,
    "parameters": _parameters,
    "stack": stack_state.look_before_deployment,
    "left behind": stack_state.look_at_leftovers,
    "names": account.look_at_names,
    "Lambda concurrency": account.look_at_concurrency,
    "quota": account.look_at_quotas,
    "API Gateway role": account.look_at_gateway_role,
    "Elsom": look_at_elsom,
}
