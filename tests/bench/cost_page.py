"""docs/cost.md: the parts of the sums, what is assumed, and the way to 1,000 payments a second."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from tests.bench import cost, scale
from tests.bench.cost import PRICES, Prices
from tests.bench.units import Ways
from tests.bench.warm import Warm


def page(counted: Ways, warm: Mapping[str, Warm]) -> str:
    """The whole page."""
    paid, abandoned = cost.ways(counted)
    parts = [
        "# What it costs, and how far it goes",
        (
            f"Computed by `make bench` on {time.strftime('%Y-%m-%d')} from operations that it"
            " counts,"
            f" and from AWS's price lists of {cost.PRICES_OF}, in US dollars without tax. Elsom's"
            " own fees are not in it."
        ),
        "## A million payments",
        _sums(cost.bill(paid, warm, PRICES["us-east-1"]), paid, warm, "paid"),
        _sums(cost.bill(abandoned, warm, PRICES["us-east-1"]), abandoned, warm, "abandoned"),
        (
            "An abandoned payment is dearer where nobody says that the customer left: Elsom is"
            f" asked {abandoned.queries} times, by the default `CheckLadderSeconds` for an hour"
            " and `LateCheckSeconds` after that. A ladder of fewer steps costs less and finds a"
            " payment whose notification was lost later."
        ),
        "## A month without a payment",
        _idle(counted, warm),
        (
            "In a month with payments each further metric in use adds 0.30; there are"
            " twenty-one, of which AWS gives ten."
        ),
        "## What is assumed",
        _assumptions(warm),
        "## To 1,000 payments a second, on paper",
        (
            "What each limit allows, what one paid payment a second needs of it, and at how many"
            " payments a second it is met: the lowest first. *Ours* are settings of this stack,"
            " chosen for a shop of this country and to protect Elsom; the others are AWS's quotas."
        ),
        _limits(scale.limits(counted, paid, warm)),
        (
            "Elsom comes first by far: what it bears at once decides how many payments there can"
            " be."
            " After that come settings, each of which is one line of the template; quotas follow"
            " from some hundred payments a second on."
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _sums(here: dict[str, float], way: cost.Way, warm: Mapping[str, Warm], name: str) -> str:
    there = cost.bill(way, warm, PRICES["eu-central-1"])
    queried = {
        "API Gateway": f"{way.requests:g} requests",
        "Lambda": ", ".join(
            f"{number:g} × {function.removesuffix('Function')}"
            for function, number in way.invocations.items()
        ),
        "DynamoDB": f"{way.writes:g} units written, {way.reads:g} read",
        "SQS": f"{way.messages:g} requests",
        "EventBridge": f"{way.events:g} events",
    }
    rows = [
        [part, queried.get(part, ""), f"{here[part]:.2f}", f"{there[part]:.2f}"] for part in here
    ]
    together = [f"{sum(here.values()):.0f}", f"{sum(there.values()):.0f}"]
    rows.append(["**together**", "", *(f"**{number}**" for number in together)])
    head = [f"a million {name}", "of each payment", "us-east-1", "eu-central-1"]
    return _table(head, rows)


def _idle(counted: Ways, warm: Mapping[str, Warm]) -> str:
    def of(prices: Prices) -> dict[str, tuple[float, float]]:
        return cost.idle(counted, warm, prices)

    here, there = of(PRICES["us-east-1"]), of(PRICES["eu-central-1"])
    rows = [[part, *(f"{one:.2f}" for one in (*here[part], *there[part]))] for part in here]
    sums = [
        sum(month[part][place] for part in month) for month in (here, there) for place in (0, 1)
    ]
    rows.append(["**together**", *(f"**{one:.2f}**" for one in sums)])
    head = ["a month", "us-east-1", "with free allowances", "eu-central-1", "with free allowances"]
    return _table(head, rows)


def _assumptions(warm: Mapping[str, Warm]) -> str:
    took = ", ".join(
        f"{function.removesuffix('Function')} {1000 * cost.seconds(function, one):.0f} ms"
        for function, one in warm.items()
    )
    points = [
        (
            "A paid payment makes five requests: start, way to Elsom, notification, way back,"
            " result page. The shop waits for the webhook and does not ask."
        ),
        (
            "An abandoned payment stays in progress at Elsom for an hour, is then timed out, and is"
            " asked about three times more. Nobody asks meanwhile."
        ),
        (
            "Both are told twice: `payment.pending`, and their end. Each write of a payment wakes"
            " the publisher once; with more than a few a second they come in batches, which costs"
            " less."
        ),
        (
            f"Elsom answers in {cost.ELSOM_SECONDS:g} s, the shop in {cost.SHOP_SECONDS:g} s, AWS"
            f" in {1000 * cost.CALL_SECONDS:g} ms. An invocation takes these, and the CPU measured"
            " by section 2 of the benchmarks on that machine at the processor's part that its"
            f" memory buys (1,769 MB are one processor): {took}. Cold starts are not in it."
        ),
        (
            f"An invocation writes {cost.LOG_BYTES:,} bytes of log with its metrics, a request"
            f" {cost.ACCESS_LOG_BYTES}. Nothing is traced."
        ),
        "Storage is not in it: a million payments with what belongs to them are some 3 GB.",
    ]
    return "\n".join(f"- {point}" for point in points)


def _limits(found: Sequence[scale.Limit]) -> str:
    rows = [
        [
            f"{one.met_at:,.0f}" if one.met_at >= 10 else f"{one.met_at:.1f}",
            one.what + (" (ours)" if one.ours else ""),
            f"{scale.GOAL * one.need:,.0f}",
            "" if one.met_at >= scale.GOAL else one.lifted,
        ]
        for one in found
    ]
    head = ["met at payments/s", "limit", f"need at {scale.GOAL:,}/s", "what lifts it"]
    return _table(head, rows)
