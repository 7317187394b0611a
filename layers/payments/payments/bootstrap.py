"""The composition root: it builds the collaborators of every use case, once per process.

Handlers, the command line, the simulation and the tests all build `Services`, each with its own
settings, AWS clients and clock. What only some functions need is imported where it is built: each
import makes a cold start longer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from payments.aws import clients
from payments.aws.merchant_secret import MerchantSecretCache, secrets_manager_reader
from payments.aws.queues import CheckRequest, DueWebhook, SqsQueue
from payments.domain.clock import Clock, now_ms
from payments.domain.errors import NotConfigured
from payments.settings import Settings, from_environment
from payments.store.inbox import InboxTable
from payments.store.payments import PaymentTable
from payments.store.schedule import ScheduleTable
from payments.store.table import Table

if TYPE_CHECKING:
    from msgspec import Raw

    from payments.api.routes import ApiDeps
    from payments.aws.api_gateway import LambdaEvent, Request
    from payments.aws.event_bus import Bus
    from payments.elsom.gateway import Elsom
    from payments.elsom.protocol import Merchant
    from payments.http_client import Tls
    from payments.pages.destinations import Places
    from payments.pages.routes import PageDeps
    from payments.store.cases import CaseTable
    from payments.store.history import HistoryTable
    from payments.store.listing import ListingTable
    from payments.store.reports import ReportTable
    from payments.store.webhooks import DeliveryTable
    from payments.use_cases.deliver_webhook import DeliverDeps
    from payments.use_cases.publish_events import PublishDeps, UnpublishedRecord
    from payments.use_cases.query_payment import CheckDeps
    from payments.use_cases.receive_notification import ReceiveDeps
    from payments.use_cases.republish_events import RepublishDeps
    from payments.use_cases.schedule_checks import ScheduleDeps, ScheduleWebhooksDeps
    from payments.use_cases.start_payment import StartDeps
    from payments.webhooks.rules import Target


@cache
def services() -> Services:
    """This process's services, as its environment describes them."""
    return Services(from_environment(), clients.client)


class Services:
    """Every collaborator of one stack. `client` makes the AWS client of a service by its name.

    Building a part makes its AWS clients and calls nothing. So a handler can build its parts while
    it is imported, when Lambda gives a function a whole processor.
    """

    def __init__(
        self,
        settings: Settings,
        client: Callable[[str], Any],
        clock: Clock = now_ms,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.jitter = jitter
        self._client = client

    # ------------------------------------------------------------ DynamoDB

    @cached_property
    def table(self) -> Table:
        """The payments table."""
        return Table(self._client("dynamodb"), self.settings.payments_table)

    @cached_property
    def payments(self) -> PaymentTable:
        """The store of payments."""
        return PaymentTable(self.table)

    @cached_property
    def inbox(self) -> InboxTable:
        """Notifications and unknown ids."""
        return InboxTable(self.table)

    @cached_property
    def schedule(self) -> ScheduleTable:
        """What is due, and the circuit breaker of queries to Elsom."""
        return ScheduleTable(self.table)

    @cached_property
    def listing(self) -> ListingTable:
        """Lists of payments."""
        from payments.store.listing import ListingTable

        return ListingTable(self.table)

    @cached_property
    def reports(self) -> ReportTable:
        """Sums of a day."""
        from payments.store.reports import ReportTable

        return ReportTable(self.table)

    @cached_property
    def cases(self) -> CaseTable:
        """The store of cases."""
        from payments.store.cases import CaseTable

        return CaseTable(self.table)

    @cached_property
    def deliveries(self) -> DeliveryTable:
        """The store of webhooks that were not delivered at the first try."""
        from payments.store.webhooks import DeliveryTable

        return DeliveryTable(self.table)

    @cached_property
    def history(self) -> HistoryTable:
        """What was stored in a range of time."""
        from payments.store.history import HistoryTable

        return HistoryTable(self.table)

    # ------------------------------------------------------------ the other AWS

    @cached_property
    def checks_queue(self) -> SqsQueue[CheckRequest]:
        """The queue of checks."""
        return SqsQueue(self._client("sqs"), self.settings.checks_queue_url)

    @cached_property
    def webhooks_queue(self) -> SqsQueue[DueWebhook]:
        """The queue of webhooks that are due, and of events from the bus."""
        return SqsQueue(self._client("sqs"), self.settings.webhooks_queue_url)

    @cached_property
    def dead_webhooks_queue(self) -> SqsQueue[Raw]:
        """The dead-letter queue of webhooks: payloads that were given up."""
        return SqsQueue(self._client("sqs"), self.settings.webhooks_dead_letter_queue_url)

    @cached_property
    def unpublished_queue(self) -> SqsQueue[UnpublishedRecord]:
        """The queue of the stream's records that can never be published."""
        return SqsQueue(self._client("sqs"), self.settings.unpublished_queue_url)

    @cached_property
    def bus(self) -> Bus:
        """The event bus."""
        from payments.aws.event_bus import EventBridgeBus

        return EventBridgeBus(self._client("events"), self.settings.event_bus)

    @cached_property
    def merchant_secret(self) -> MerchantSecretCache:
        """The merchant's secret."""
        read = secrets_manager_reader(self._client("secretsmanager"), self.settings.secret_arn)
        return MerchantSecretCache(read, self.clock)

    def request_of(self, event: LambdaEvent) -> Request:
        """Read API Gateway's event."""
        from payments.aws.api_gateway import read_request

        settings = self.settings
        return read_request(event, settings.public_base_url, local=settings.sandbox_mode)

    # ------------------------------------------------------------ Elsom and the shop

    @cached_property
    def elsom(self) -> Elsom:
        """The calls to Elsom, with metrics."""
        from payments.elsom.client import ElsomClient, MeasuredElsom

        settings = self.settings
        client = ElsomClient(
            settings.elsom_init_url,
            settings.elsom_status_url,
            lambda: self.trust,
            hidden=lambda: self.merchant_secret.get().hidden(),
            plain_http=settings.sandbox_mode,
        )
        return MeasuredElsom(client)

    @cached_property
    def trust(self) -> Tls:
        """The certificates to trust at Elsom; raise NotConfigured if they cannot be read."""
        from payments.http_client import tls

        name = self.settings.elsom_ca_bundle_parameter
        bundle = self._ca_bundle(name) if name else None
        return tls(bundle, self.settings.elsom_tls_server_name or None)

    def merchant(self) -> Merchant:
        """Who we are to Elsom; raise NotConfigured while a call to Elsom lacks something."""
        if self.settings.elsom_ca_bundle_parameter:
            _ = self.trust
        return self.merchant_secret.get().elsom()

    def post(self, target: Target, address: str, payload: str, headers: Mapping[str, str]) -> int:
        """Send a webhook; the HTTP status. Raises NotSent or MaybeSent."""
        from payments.webhooks import sender

        return sender.post(target, address, payload, headers)

    def resolve(self, target: Target) -> Sequence[str]:
        """The addresses of the shop's host name. Raises NotSent."""
        from payments.webhooks import sender

        return sender.resolve(target)

    # ------------------------------------------------------------ what each use case works with

    def start_deps(self) -> StartDeps:
        """For `start_payment`."""
        from payments.use_cases.start_payment import StartDeps

        return StartDeps(
            payments=self.payments,
            elsom=self.elsom,
            merchant=self.merchant,
            policy=self.settings.policy,
            clock=self.clock,
            stack_id=self.settings.stack_id,
            signing_keys=lambda: tuple(filter(None, self.merchant_secret.get().page_signing_keys)),
        )

    def check_deps(self) -> CheckDeps:
        """For `check_payment`, `query_payment` and `check_unknown_id`."""
        from payments.use_cases.query_payment import CheckDeps

        return CheckDeps(
            payments=self.payments,
            inbox=self.inbox,
            schedule=self.schedule,
            elsom=self.elsom,
            queue=self.checks_queue,
            merchant=self.merchant,
            policy=self.settings.policy,
            clock=self.clock,
            jitter=self.jitter,
        )

    def receive_deps(self) -> ReceiveDeps:
        """For `receive_notification`."""
        from payments.use_cases.receive_notification import ReceiveDeps

        return ReceiveDeps(
            payments=self.payments, inbox=self.inbox, queue=self.checks_queue, clock=self.clock
        )

    def schedule_deps(self) -> ScheduleDeps:
        """For `schedule_checks`: the checks that are due."""
        from payments.use_cases.schedule_checks import ScheduleDeps

        return ScheduleDeps(
            schedule=self.schedule,
            queue=self.checks_queue,
            clock=self.clock,
            concurrency=self.settings.elsom_max_concurrency,
        )

    def schedule_webhooks_deps(self) -> ScheduleWebhooksDeps:
        """For `schedule_checks`: the webhooks that are due."""
        from payments.use_cases.schedule_checks import ScheduleWebhooksDeps

        return ScheduleWebhooksDeps(
            deliveries=self.deliveries, queue=self.webhooks_queue, clock=self.clock
        )

    def publish_deps(self) -> PublishDeps:
        """For `publish_events`."""
        from payments.use_cases.publish_events import PublishDeps

        return PublishDeps(
            bus=self.bus,
            cases=self.cases,
            payments=self.payments,
            unpublished=self.unpublished_queue,
            report_unknown=self.settings.report_unknown_payments,
        )

    def deliver_deps(self) -> DeliverDeps:
        """For `deliver_webhook`."""
        from payments.use_cases.deliver_webhook import DeliverDeps

        return DeliverDeps(
            deliveries=self.deliveries,
            queue=self.webhooks_queue,
            dead_letters=self.dead_webhooks_queue,
            post=self.post,
            resolve=self.resolve,
            secrets=lambda: self.merchant_secret.get().webhook_secrets,
            url=self.settings.shop_webhook_url,
            sandbox=self.settings.sandbox_mode,
            clock=self.clock,
        )

    def republish_deps(self, lookback: int) -> RepublishDeps:
        """For `republish_events`; `lookback` in milliseconds."""
        from payments.use_cases.republish_events import RepublishDeps

        return RepublishDeps(
            history=self.history,
            payments=self.payments,
            cases=self.cases,
            deliveries=self.deliveries,
            bus=self.bus,
            lookback=lookback,
            report_unknown=self.settings.report_unknown_payments,
        )

    def api_deps(self) -> ApiDeps:
        """For the shop's routes except the start."""
        from payments.api.routes import ApiDeps

        return ApiDeps(
            merchant_secret=self.merchant_secret,
            checking=self.check_deps(),
            listing=self.listing,
            reports=self.reports,
            cases=self.cases,
            deliveries=self.deliveries,
            bus=self.bus,
            webhooks=bool(self.settings.shop_webhook_url),
        )

    def page_deps(self) -> PageDeps:
        """For the customer's pages."""
        from payments.pages.routes import PageDeps

        return PageDeps(
            payments=self.payments,
            merchant_secret=self.merchant_secret,
            places=self.places,
            checking=self.check_deps(),
            clock=self.clock,
        )

    @cached_property
    def places(self) -> Places:
        """The rules about where a customer may be sent on to."""
        from payments.pages.destinations import Places

        return Places(
            shop_url=self.settings.shop_url,
            return_hosts=self.settings.allowed_return_hosts,
            plain_http=self.settings.sandbox_mode,
        )

    def _ca_bundle(self, name: str) -> str:
        try:
            answer = self._client("ssm").get_parameter(Name=name, WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            msg = "the CA bundle's parameter cannot be read"
            raise NotConfigured(msg) from error
        return str(answer["Parameter"]["Value"])
