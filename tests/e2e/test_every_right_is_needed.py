"""No function has a right that could be taken away: each one is, and something breaks.

The local AWS holds functions to their roles, call by call. What Lambda and the Scheduler do with
a role (read a queue or a stream, invoke the schedule's function) it does not: those rights are
held to AWS's own list of what each kind of event source needs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.bad_servers import Authority
from tests.deployed import another_stack
from tests.e2e.probes import PROBES, Probe
from tests.e2e.rights import OF_EVENT_SOURCES, Right, rights, without
from tests.e2e.still import StillStack
from tests.receiver import Receiver, receiving
from tools.local.cloud import LocalCloud

CA_BUNDLE = "/rights/ca"


@pytest.fixture(scope="module")
def shop() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def still(cloud: LocalCloud, shop: Receiver) -> Iterator[StillStack]:
    # Read by every function that calls Elsom, though this Elsom is on plain http.
    cloud.client("ssm").put_parameter(Name=CA_BUNDLE, Value=Authority.new().pem, Type="String")
    parameters = {"ShopWebhookUrl": shop.url, "ElsomCaBundleParameter": CA_BUNDLE}
    with another_stack(cloud, "rights", parameters) as stack:
        made = StillStack(stack, shop)
        made.stand_still()
        yield made


def test_every_right_of_a_function_is_tried_here_or_belongs_to_its_event_source() -> None:
    given = set(rights())
    assert given - OF_EVENT_SOURCES == set(PROBES)
    assert given >= OF_EVENT_SOURCES


@pytest.mark.parametrize(("right", "probe"), PROBES.items(), ids=map(str, PROBES))
def test_without_it_something_breaks(still: StillStack, right: Right, probe: Probe) -> None:
    with without(still.stack, *probe.besides):
        assert probe.works(still), "not even with all rights"
        still.stack.cloud.configure_sandbox("DELETE", "/_sandbox/faults")
        still.receiver.answers = []
    with without(still.stack, right, *probe.besides):
        if probe.cached:
            still.forget_what_is_cached(right.function)
        assert not probe.works(still)
