"""The report as one page: nothing is loaded from anywhere, so it can be kept and sent."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from string import Template
from typing import Final

from cli.report import Report, Total, local
from payments.domain.masking import visible

_WIDTH, _HEIGHT, _BAR = 720, 200, 24
_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Payments of $day</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem;
  color: #1b1f24; background: #fff }
h1 small { font-weight: normal; color: #57606a; font-size: 1rem }
.sum { font-size: 2.5rem; margin: 0 }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { text-align: left; border-bottom: 1px solid #d0d7de; padding: .3rem }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto } svg rect { fill: #0969da }
svg text { font-size: 11px; fill: #57606a }
@media print { body { margin: 0 } }
</style>
<h1>Payments of $day <small>Bishkek, $stack</small></h1>
<p class="sum">$sum KGS</p>
<p>$count payments were paid on this day.</p>
<h2>Paid by hour</h2>
$chart
<h2>Payments started on this day, as they stand now</h2>
$statuses
<h2>Cases opened or resolved on this day</h2>
$cases
</html>
""")


def page(report: Report, stack: str) -> str:
    """The whole page."""
    statuses = [
        (str(status), found.count, found.som)
        for status, found in report.by_status.items()
        if found.count
    ]
    statuses.append(("all", sum(row[1] for row in statuses), _all(report)))
    cases = [
        (
            str(case.case_kind),
            str(case.state),
            case.payment_id,
            f"{local(case.opened_at):%Y-%m-%d %H:%M}",
        )
        for case in report.cases
    ]
    return _PAGE.substitute(
        day=report.day.isoformat(),
        stack=html.escape(stack),
        sum=report.paid_total.som,
        count=report.paid_total.count,
        chart=_chart(report.by_hour),
        statuses=_table(("Status", "Payments", "Sum, KGS"), statuses, numbers=(1, 2)),
        cases=_table(("Kind", "State", "Payment", "Opened"), cases) if cases else "<p>None.</p>",
    )


def _all(report: Report) -> str:
    whole = Total()
    for payment in report.started:
        whole = whole.plus(payment)
    return whole.som


def _chart(hours: Sequence[Total]) -> str:
    """Bars of the sums, with the hour below and the number above."""
    most = max(found.tyiyn for found in hours) or 1
    step = _WIDTH / len(hours)
    parts = []
    for hour, found in enumerate(hours):
        tall = round(_HEIGHT * found.tyiyn / most)
        left = round(hour * step + (step - _BAR) / 2)
        middle = round(hour * step + step / 2)
        title = f"<title>{hour:02d}:00 {found.count} paid, {found.som} KGS</title>"
        parts.append(
            f'<rect x="{left}" y="{_HEIGHT + 20 - tall}" width="{_BAR}" height="{tall}">'
            f"{title}</rect>"
            f'<text x="{middle}" y="{_HEIGHT + 36}" text-anchor="middle">{hour:02d}</text>'
        )
        if found.count:
            parts.append(
                f'<text x="{middle}" y="{_HEIGHT + 14 - tall}" text-anchor="middle">'
                f"{found.count}</text>"
            )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 44}" role="img"'
        f' aria-label="Sum paid by hour">{"".join(parts)}</svg>'
    )


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()
) -> str:
    def cell(tag: str, place: int, value: object) -> str:
        kind = ' class="n"' if place in numbers else ""
        return f"<{tag}{kind}>{html.escape(visible(str(value)))}</{tag}>"

    head = "".join(cell("th", place, name) for place, name in enumerate(columns))
    body = "".join(
        "<tr>" + "".join(cell("td", place, value) for place, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
