"""Sessions on the server: the browser holds a random name, the store holds what belongs to it.

A session ends by itself after a time without use, at the latest after a working day, and at once
when it is removed: an old cookie then opens nothing. The store sees a hash of the name only, so
that whoever can read the store cannot take a session over.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Protocol

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin

IDLE_SECONDS: Final = 30 * 60
LONGEST_SECONDS: Final = 10 * 60 * 60
# A use is written down again only after this time.
_TOUCH_SECONDS: Final = 60
_NAME_BYTES: Final = 32


class Store(Protocol):
    """Where sessions are kept, by the hash of their name."""

    def load(self, key: str) -> str | None:
        """What is kept, even if it has ended a moment ago."""

    def save(self, key: str, text: str, ends_at: int) -> None:
        """Keep it; from then on (seconds since the epoch) it may be forgotten."""

    def remove(self, key: str) -> None:
        """End it."""


class MemoryStore:
    """Sessions of one process, so many at most: the first that would end make room."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._kept: dict[str, tuple[str, int]] = {}

    def load(self, key: str) -> str | None:
        """What is kept."""
        return self._kept.get(key, (None, 0))[0]

    def save(self, key: str, text: str, ends_at: int) -> None:
        """Keep it."""
        self._kept[key] = (text, ends_at)
        while len(self._kept) > self._most:
            del self._kept[min(self._kept, key=lambda one: self._kept[one][1])]

    def remove(self, key: str) -> None:
        """End it."""
        self._kept.pop(key, None)


class Session(dict[str, Any], SessionMixin):
    """What belongs to one browser. `name` is what its cookie holds; empty until it is saved."""

    def __init__(self, name: str, values: MutableMapping[str, Any], began: int, seen: int) -> None:
        super().__init__(values)
        self.name = name
        self.began = began
        self.seen = seen
        self.before = json.dumps(values, sort_keys=True)
        self.replaced: list[str] = []

    @property
    def changed(self) -> bool:
        """Whether there is anything new to keep."""
        return json.dumps(self, sort_keys=True) != self.before

    def renew(self) -> None:
        """Begin again under another name: what was known before a login opens nothing after it."""
        self.clear()
        if self.name:
            self.replaced.append(self.name)
        self.name, self.began, self.before = "", 0, ""

    def end(self) -> None:
        """Forget everything, on the server too."""
        self.renew()
        self.before = "{}"


class StoredSessions(SessionInterface):
    """Flask's sessions over a store. `secure`: the cookie goes over https only."""

    def __init__(
        self, store: Store, *, secure: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._clock = clock
        self._secure = secure
        # The prefix makes the browser refuse it without Secure, from another host or path.
        self.cookie = "__Host-desk" if secure else "desk"

    def open_session(self, app: Flask, request: Request) -> Session:  # noqa: ARG002 - Flask's
        """The session that the cookie names, or a new one."""
        now = int(self._clock())
        name = request.cookies.get(self.cookie, "")
        text = self._store.load(_key(name)) if name else None
        kept = json.loads(text) if text else None
        if kept is None or kept["ends"] <= now:
            return Session("", {}, 0, now)
        return Session(name, kept["values"], kept["began"], kept["seen"])

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002 - Flask's
        """Keep what changed; end what was renewed or left."""
        if not isinstance(session, Session):
            raise TypeError
        for name in session.replaced:
            self._store.remove(_key(name))
        now = int(self._clock())
        if not session:
            if session.replaced:
                response.delete_cookie(
                    self.cookie, secure=self._secure, httponly=True, samesite="Lax"
                )
            return
        if not session.changed and now - session.seen < _TOUCH_SECONDS:
            return
        session.name = session.name or secrets.token_urlsafe(_NAME_BYTES)
        began = session.began or now
        ends_at = min(now + IDLE_SECONDS, began + LONGEST_SECONDS)
        kept = {"values": dict(session), "began": began, "seen": now, "ends": ends_at}
        self._store.save(_key(session.name), json.dumps(kept), ends_at)
        # Until the browser is closed: how long it lasts is the server's to say.
        response.set_cookie(
            self.cookie, session.name, secure=self._secure, httponly=True, samesite="Lax"
        )


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
