"""checkov on the template: what it finds is a mistake, or is listed here with the reason.

It knows too little of what matters here (see tests/template for that) and advises some harm, so a
finding is not right because it is found. But none is left unexplained, and no reason outlives its
finding.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache

import pytest

from tools.environments import ENVIRONMENTS, ROOT

REASONS = {
    "CKV_AWS_26": "CloudWatch could not send to a topic locked by AWS's own key, and one of our"
    " own costs a dollar a month for texts that hold nothing secret",
    "CKV_AWS_27": "queues are encrypted by SQS itself (SqsManagedSseEnabled), which it overlooks",
    "CKV_AWS_73": "a trace of the gateway would hold the URL, and so the token",
    "CKV_AWS_111": "network interfaces that Lambda has yet to make have no name to give; the"
    " functions' own code is denied the same actions",
    "CKV_AWS_115": "reserved concurrency fails in a new account; the queues' functions are capped",
    "CKV_AWS_116": "functions behind the API are called by somebody who waits; queues and stream"
    " have their own dead-letter queues; the schedule's next minute does what one missed",
    "CKV_AWS_117": "a network of one's own adds cost and nothing to protect; those that call Elsom"
    " can be given subnets (ElsomSubnetIds)",
    "CKV_AWS_119": "the table is encrypted with AWS's managed key; a key of one's own would add a"
    " way to lose all payments",
    "CKV_AWS_120": "an answer about money must not be an old one",
    "CKV_AWS_149": "the secret is encrypted with AWS's managed key; who may read it is decided by"
    " the roles",
    "CKV_AWS_158": "logs hold no secret and no full wallet number (tested); they are encrypted by"
    " CloudWatch itself",
    "CKV_AWS_173": "variables hold no secret, only names and URLs; Lambda encrypts them itself",
}


@cache
def failed() -> dict[str, set[str]]:
    """Resource names by the id of the check that they fail."""
    program = ENVIRONMENTS["audit"].folder / "bin" / "checkov"
    done = subprocess.run(
        [
            *(str(program), "--file", str(ROOT / "template.yaml")),
            *("--framework", "cloudformation", "--output", "json", "--quiet", "--skip-download"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 50
    found: dict[str, set[str]] = {}
    for check in report["results"]["failed_checks"]:
        found.setdefault(check["check_id"], set()).add(check["resource"])
    return found


@pytest.mark.timeout(300)
def test_every_finding_is_explained() -> None:
    unexplained = {check: found for check, found in failed().items() if check not in REASONS}
    assert unexplained == {}


@pytest.mark.timeout(300)
def test_no_reason_outlives_its_finding() -> None:
    assert set(REASONS) <= set(failed())
