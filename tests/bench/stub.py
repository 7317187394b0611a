"""AWS, Elsom and the shop on 127.0.0.1, that answer at once what a usual payment gets to hear."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from payments.domain.clock import MINUTE, SECOND
from payments.domain.payment import Status
from payments.store.payments import SORT_KEY, item_of
from payments.store.table import to_image
from tests.contract.handlers import SECRET
from tests.fakes.delivery import SECRETS
from tests.fakes.payments import a_payment
from tests.fakes.world import STACK_ID

_PAGE: Final = "http://127.0.0.1/merchant-payment/30b6689c"


@contextmanager
def answering() -> Iterator[str]:
    """Yield the URL of a server that ends with the context."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def environment(url: str) -> dict[str, str]:
    """A function's environment in which everything outside it is the server at `url`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "ELSOM_INIT_URL": f"{url}/start",
        "ELSOM_STATUS_URL": f"{url}/status",
        "SHOP_WEBHOOK_URL": f"{url}/hook",
        "SHOP_URL": "https://shop.example/",
        "RETURN_URL_HOSTS": "shop.example",
        "SANDBOX_MODE": "true",
        "SECRET_ARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:elsom",
        "PAYMENTS_TABLE": "payments",
        "CHECKS_QUEUE_URL": f"{url}/111122223333/checks",
        "WEBHOOKS_QUEUE_URL": f"{url}/111122223333/webhooks",
        "WEBHOOKS_DEAD_LETTER_QUEUE_URL": f"{url}/111122223333/webhooks-dead",
        "UNPUBLISHED_QUEUE_URL": f"{url}/111122223333/unpublished",
        "EVENT_BUS": "payments",
        "STACK_ID": STACK_ID,
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "ElsomPayments",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


class _Handler(BaseHTTPRequestHandler):
    """Keeps connections open, as AWS does, since new ones would be measured too.

    The server of the other tests, Werkzeug's, closes each.
    """

    protocol_version = "HTTP/1.1"
    # Head and body in one packet, or the caller's system waits 40 ms for the second.
    wbufsize = 65_536
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        queried = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        answer = _aws(target, queried) if target else _elsom(queried)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def _aws(operation: str, queried: Mapping[str, Any]) -> dict[str, Any]:
    match operation:
        case "GetItem":
            return _stored(queried["Key"])
        case "Query":
            return {"Items": [], "Count": 0}
        case "BatchGetItem":
            return {"Responses": {}}
        case "GetSecretValue":
            held = {**SECRET, "webhookSecrets": SECRETS}
            return {"ARN": queried["SecretId"], "SecretString": json.dumps(held)}
        case "GetQueueAttributes":
            return {"Attributes": {"ApproximateNumberOfMessages": "0"}}
        case "SendMessage":
            return {"MessageId": "1", "MD5OfMessageBody": ""}
        case "PutEvents":
            return {
                "FailedEntryCount": 0,
                "Entries": [{"EventId": "1"} for _ in queried["Entries"]],
            }
    return {}


def _stored(key: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Any payment is pending and due; everything else is not there."""
    if key["sk"]["S"] != SORT_KEY:
        return {}
    now = int(time.time()) * SECOND
    payment = a_payment(
        Status.PENDING,
        id=key["pk"]["S"],
        created_at=now - 10 * MINUTE,
        updated_at=now - 10 * MINUTE,
        expires_at=now + 50 * MINUTE,
        next_check_at=now - SECOND,
    )
    return {"Item": to_image(item_of(payment))}


def _elsom(queried: Mapping[str, Any]) -> dict[str, Any]:
    done = {"ErrorCode": "0", "ErrorMsg": "Success"}
    if "IA_Init" in queried:
        return {"Response": {**done, "Result": {"URL": _PAGE}}}
    return {"Response": done, "Result": {"PaymentStatus": "A", "Message": "Success"}}
