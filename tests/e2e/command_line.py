"""The operator's command line on a deployed stack, and what there is to operate on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from cli.__main__ import main
from tests.deployed import Deployed, eventually
from tests.receiver import Receiver

CANCELLED = "0000000004"


@dataclass
class Elsom:
    """The command line, as a person and as a program call it."""

    stack: Deployed
    receiver: Receiver
    capsys: pytest.CaptureFixture[str]

    def says(self, *arguments: str, code: int = 0) -> str:
        self.capsys.readouterr()
        assert main(list(arguments)) == code, self.capsys.readouterr()
        return self.capsys.readouterr().out

    def reports(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.says(*arguments, "--json", code=code))


def a_case(stack: Deployed) -> dict[str, Any]:
    payment = stack.start(customerMsisdn=CANCELLED).body["id"]
    stack.wait_for(payment, "cancelled")
    stack.let_time_pass_since_the_last_query(payment)
    stack.set_status(payment, "A", notify=True)
    stack.wait_for(payment, "paid")

    def look() -> list[dict[str, Any]]:
        cases = stack.shop.call("GET", "/cases?limit=100").body["items"]
        return [case for case in cases if case["paymentId"] == payment]

    return eventually(look)[0]
