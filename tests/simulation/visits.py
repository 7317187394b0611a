"""What shops and customers call of the stack, and what they see."""

from collections.abc import Callable
from typing import Any, Protocol

from tests.simulation.stack import Stack
from tests.simulation.tasks import Ended


class Called(Protocol):
    """What a call needs of the world."""

    stack: Stack

    def invoke(
        self,
        name: str,
        subject: str,
        work: Callable[[], Any],
        done: Callable[[Ended], None] = ...,
    ) -> None: ...
    def count(self, outcome: str) -> None: ...
    def log(self, subject: str, text: str) -> None: ...


class Visits:
    """The calls, for a world to inherit."""

    def visit_page(self: Called, subject: str, *, returns: bool = False) -> None:
        """The customer comes back to the result page, or its script asks again."""

        def ended(how: Ended) -> None:
            shown = how.value["status"] if how.value else type(how.error).__name__
            self.count(f"page: {shown}")
            self.log(subject, f"customer: sees {shown}")

        self.invoke("page", subject, lambda: self.stack.page_function(subject, returns), ended)

    def check_for_shop(self: Called, subject: str) -> None:
        def ended(how: Ended) -> None:
            shown = how.value.status if how.value else type(how.error).__name__
            self.count(f"shop's check: {shown}")
            self.log(subject, f"shop: asks, hears {shown}")

        self.invoke("api", subject, lambda: self.stack.shop_check_function(subject), ended)

    def resend(self: Called, subject: str) -> None:
        def ended(how: Ended) -> None:
            heard = type(how.error).__name__ if how.error else "202"
            self.count(f"resend: {heard}")
            self.log(subject, f"shop: wants the last event again, hears {heard}")

        self.invoke("api", subject, lambda: self.stack.resend_function(subject), ended)
