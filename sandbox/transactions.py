"""The transactions Elsom knows, in memory and, when wanted, in a state file."""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

from sandbox.clock import now_text
from sandbox.loopback import check_portal_url
from sandbox.naming import camel, camel_json

Json = dict[str, object]


@dataclass
class Transaction:
    """One payment as Elsom keeps it. Amounts are the texts that were sent, in KGS.

    `starts` counts every accepted or refused IA_Init with this PartnerTrnID, `status_queries`
    every answered status call. `foreign`: made by the control API, never started here.
    `lag_until`: until then (epoch seconds) the status call still answers `1`.
    `pages` maps the id of each pay page to what became of it there (`1` while it is open).
    """

    partner_trn_id: str
    psp_trn_id: str
    status: str = "1"
    amount: str = ""
    cheque_no: str = ""
    cashier_no: str = ""
    udf: str = ""
    msisdn: str = ""
    culture_info: str = "ru-RU"
    pay_url: str | None = None
    scenario: str = "pay-page"
    foreign: bool = False
    created_at: str = field(default_factory=now_text)
    lag_until: float = 0.0
    starts: int = 0
    status_queries: int = 0
    notifications_sent: int = 0
    notifications: list[Json] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> Json:
        """The transaction as the control API shows it."""
        return camel_json(self) | {"timesPaid": list(self.pages.values()).count("A")}

    def visible_status(self) -> str:
        """What the status call says now."""
        return "1" if time.time() < self.lag_until else self.status

    def become(self, status: str, cause: str) -> None:
        """Take a new status and remember why."""
        self.status = status
        self.history.append({"at": now_text(), "status": status, "by": cause})


class TransactionStore:
    """All transactions; every change goes through `lock` and is appended to the state file."""

    def __init__(self, state_file: Path | None) -> None:
        self.lock = threading.RLock()
        self.version = 0
        self._by_trn: dict[str, Transaction] = {}
        self._by_page: dict[str, str] = {}
        self._count = 0
        self._state_file = state_file
        self.portal_url: str | None = None
        if state_file is not None:
            self._load(state_file)

    def get(self, trn: str) -> Transaction | None:
        """The transaction of a PartnerTrnID."""
        with self.lock:
            return self._by_trn.get(trn)

    def of_page(self, page: str) -> Transaction | None:
        """The transaction a pay page belongs to."""
        with self.lock:
            return self._by_trn.get(self._by_page.get(page, ""))

    def all(self) -> list[Json]:
        """Every transaction as the control API shows it, oldest first."""
        with self.lock:
            return [transaction.as_json() for transaction in self._by_trn.values()]

    def create(self, trn: str) -> Transaction:
        """Make and keep a transaction; Elsom's number for it is new on every machine and run."""
        with self.lock:
            self._count += 1
            number = f"PSP{time.time_ns() // 1_000_000}{self._count:04d}"
            transaction = Transaction(partner_trn_id=trn, psp_trn_id=number)
            self._by_trn[trn] = transaction
            return transaction

    def change(self, transaction: Transaction, edit: Callable[[Transaction], object]) -> Json:
        """Apply `edit` under the lock, keep the outcome, and return it as JSON."""
        with self.lock:
            edit(transaction)
            outcome = transaction.as_json()
            # One that a reset has dropped meanwhile must not come back through the state file.
            if self._by_trn.get(transaction.partner_trn_id) is transaction:
                self._index(transaction)
                self._append({"transaction": outcome})
            return outcome

    def set_portal_url(self, url: str) -> None:
        """Keep the merchant portal's one URL."""
        with self.lock:
            self.portal_url = url
            self._append({"portalUrl": url})

    def clear(self) -> None:
        """Forget all transactions; the portal URL stays, it belongs to the merchant."""
        with self.lock:
            self._by_trn.clear()
            self._by_page.clear()
            self.version += 1
            self._rewrite()

    def _index(self, transaction: Transaction) -> None:
        self.version += 1
        for page in transaction.pages:
            self._by_page[page] = transaction.partner_trn_id

    def _append(self, entry: Json) -> None:
        if self._state_file is not None:
            with self._state_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def _load(self, state_file: Path) -> None:
        lines = state_file.read_text("utf-8").splitlines() if state_file.exists() else []
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
            except ValueError:
                if number == len(lines):
                    break  # the sandbox was ended in the middle of its last write
                raise ValueError(f"{state_file}: line {number} is not JSON.") from None
            if "portalUrl" in entry:
                self.portal_url = check_portal_url(entry["portalUrl"])
            else:
                transaction = _from_json(entry["transaction"])
                self._by_trn[transaction.partner_trn_id] = transaction
                self._index(transaction)
        self._rewrite()

    def _rewrite(self) -> None:
        if self._state_file is None:
            return
        entries: list[Json] = [{"portalUrl": self.portal_url}] if self.portal_url else []
        entries += [{"transaction": one.as_json()} for one in self._by_trn.values()]
        fresh = self._state_file.with_name(self._state_file.name + ".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        fresh.replace(self._state_file)


def _from_json(document: Json) -> Transaction:
    names = {camel(item.name): item.name for item in fields(Transaction)}
    known = {names[name]: value for name, value in document.items() if name in names}
    return Transaction(**known)  # type: ignore[arg-type]  # our own file
