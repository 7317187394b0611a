"""The report as one page: nothing is loaded from anywhere, so it can be kept and sent."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment

from cli.report import Report, local, total
from payments.domain.masking import visible

_TEMPLATE: Final = Path(__file__).with_name("report.html")


def page(report: Report, stack: str) -> str:
    """The whole page."""
    jinja = Environment(autoescape=True)
    jinja.filters["visible"] = visible
    statuses = [(status, found) for status, found in report.by_status.items() if found.count]
    return jinja.from_string(_TEMPLATE.read_text()).render(
        report=report,
        stack=visible(stack),
        local=local,
        most=max(hour.tyiyn for hour in report.by_hour) or 1,
        statuses=[*statuses, ("all", total(report.started))],
    )
