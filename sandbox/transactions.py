"""The transactions Elsom knows, in memory and, when wanted, in a state file."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, Literal

import msgspec

from sandbox.loopback import check_portal_url

_PORTAL: Final = ""  # no transaction's name: under it the portal's URL is kept
type Status = Literal["A", "1", "2", "3", "4"]


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Outcome(msgspec.Struct, rename="camel"):
    at: str
    body: str
    answer_status: int | None = None
    answer: str | None = None
    error: str | None = None
    seconds: float = 0.0


class Transaction(msgspec.Struct, rename="camel"):
    partner_trn_id: str
    psp_trn_id: str
    status: str = "1"
    amount: str = ""  # the text that was sent, in KGS
    cheque_no: str = ""
    cashier_no: str = ""
    udf: str = ""
    msisdn: str = ""
    culture_info: str = "ru-RU"
    pay_url: str | None = None
    scenario: str = "pay-page"
    foreign: bool = False  # made by the control API, never started here
    created_at: str = msgspec.field(default_factory=now_text)
    lag_until: float = 0.0  # until then (epoch seconds) the status query still answers `1`
    starts: int = 0  # accepted or refused
    status_queries: int = 0
    notifications_sent: int = 0
    notifications: list[Outcome] = []
    history: list[dict[str, str]] = []  # `at`, `status`, and what it came `by`
    pages: dict[str, str] = {}  # what became of each pay page, `1` while it is open
    times_paid: int = 0

    def become(self, status: str, cause: str) -> None:
        self.status = status
        self.history.append({"at": now_text(), "status": status, "by": cause})

    def settle(self, status: str, cause: str, lag_seconds: float) -> None:
        """Take a status, on the newest pay page too; the status query says so after the lag."""
        self.become(status, cause)
        self.lag_until = time.time() + lag_seconds
        self.pages |= dict.fromkeys(list(self.pages)[-1:], status)


class TransactionStore:
    """All transactions by PartnerTrnID, oldest first; every change is made under `lock`."""

    def __init__(self, state_file: Path | None) -> None:
        self.lock = threading.RLock()
        self._versions = count(1)
        self.version = "0"
        self.portal_url: str | None = None
        self.known: dict[str, Transaction] = {}
        if state_file is not None:
            state_file.touch(mode=0o600)
        try:
            self._kept = sqlite3.connect(state_file or ":memory:", check_same_thread=False)
            self._kept.isolation_level = None
            # What is killed loses nothing; what loses its power may.
            self._kept.execute("PRAGMA synchronous = OFF")
            self._kept.execute("CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, json BLOB)")
            for name, json in self._kept.execute("SELECT name, json FROM kept ORDER BY rowid"):
                if name == _PORTAL:
                    self.portal_url = check_portal_url(msgspec.json.decode(json, type=str))
                else:
                    self.known[name] = msgspec.json.decode(json, type=Transaction)
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{state_file} is no state file of the sandbox: {error}.") from error

    def changed(self) -> None:
        self.version = str(next(self._versions))

    def of_page(self, page: str) -> Transaction | None:
        return next((one for one in list(self.known.values()) if page in one.pages), None)

    def create(self, trn: str) -> Transaction:
        """Make and keep a transaction; Elsom's number for it is new on every machine and run."""
        with self.lock:
            number = f"PSP{time.time_ns() // 1_000_000}{next(self._versions) % 10_000:04d}"
            return self.known.setdefault(trn, Transaction(trn, number))

    @contextmanager
    def changing(self, one: Transaction) -> Iterator[None]:
        """Change a transaction under the lock; it is written down when the block ends."""
        with self.lock:
            yield
            one.times_paid = list(one.pages.values()).count("A")
            self.changed()
            # One that a reset has dropped meanwhile must not come back through the state file.
            if self.known.get(one.partner_trn_id) is one:
                self._keep(one.partner_trn_id, one)

    def set_portal_url(self, url: str) -> None:
        """Keep the merchant portal's one URL. Raises ValueError when it leads off this machine."""
        with self.lock:
            self.portal_url = check_portal_url(url)
            self._keep(_PORTAL, url)

    def clear(self) -> None:
        """Forget all transactions; the portal URL stays, it belongs to the merchant."""
        with self.lock:
            self.known.clear()
            self.changed()
            self._kept.execute("DELETE FROM kept WHERE name <> ?", [_PORTAL])

    def _keep(self, name: str, value: object) -> None:
        insert = "INSERT INTO kept VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json"
        self._kept.execute(insert, [name, msgspec.json.encode(value)])
