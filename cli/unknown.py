"""`elsom unknown`: ids in notifications that nobody here has started, and that wait for a query."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import typer
from msgspec.structs import replace

from cli.context import Command, Limit, Yes
from cli.screen import entries
from payments.domain.clock import to_rfc3339
from payments.domain.errors import WriteConflict
from payments.store.inbox import InboxTable, Unknown

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_unknown(context: Command, limit: Limit = 100) -> None:
    """Unknown ids that wait for a query, the longest waiting first."""
    ours = context.obj
    waiting = islice(ours.target.services.inbox.waiting_unknown(), limit)
    found = [_view(unknown) for unknown in ours.screen.counted("Reading unknown ids", waiting)]
    columns = ("id", "notifications", "firstSeenAt", "notifiedAt", "nextCheckAt", "lastAnswer")
    shown = entries(f"{len(found)} unknown ids wait", columns, found)
    ours.screen.result({"items": found}, shown)


@app.command()
def purge(context: Command, yes: Yes = False) -> None:
    """End the queries about all unknown ids that wait; the next notification begins them again.

    Notifications stay stored for 90 days, and so does every id that Elsom has called paid.
    """
    ours = context.obj
    if not yes:
        typer.confirm("End the queries about all unknown ids that wait?", abort=True, err=True)
    inbox = ours.target.services.inbox
    waiting = ours.screen.counted("Ending queries", inbox.waiting_unknown())
    done = Counter(_end(inbox, unknown) for unknown in waiting)
    ours.target.services.schedule.recount_unknown()
    sentences = [f"Ended the queries about {done[True]} unknown ids."]
    if done[False]:
        sentences.append(f"{done[False]} were notified at this moment and still wait.")
    ours.screen.result({"ended": done[True], "stillWaiting": done[False]}, *sentences)


def _end(inbox: InboxTable, unknown: Unknown) -> bool:
    """End the queries about one id; false when another writer was first."""
    try:
        inbox.save_unknown(unknown, replace(unknown, next_check_at=None))
    except WriteConflict:
        return False
    return True


def _view(unknown: Unknown) -> dict[str, Any]:
    return {
        "id": unknown.id,
        "notifications": unknown.notifications,
        "firstSeenAt": to_rfc3339(unknown.first_seen_at),
        "notifiedAt": to_rfc3339(unknown.notified_at),
        "nextCheckAt": to_rfc3339(unknown.next_check_at or 0),
        "lastAnswer": str(unknown.last_answer) if unknown.last_answer else None,
    }
