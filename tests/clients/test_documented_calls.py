"""Every call in PHP and JavaScript that a page shows, word for word, at the deployed stack."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.conformance import CLIENTS, ROOT, Client
from tests.clients.javascript import node
from tests.clients.test_elsoms_own_php_call import CALL
from tests.clients.test_example_shops import NoRedirect
from tests.deployed import Deployed, eventually
from tests.receiver import Received, Receiver

pytestmark = pytest.mark.timeout(300)
PAGES = (
    "README.md",
    "README.ru.md",
    "docs/shops.md",
    "clients/php/README.md",
    "clients/node/README.md",
)
VERIFY = re.compile(r"\n(?=\$event = |const event = )")
ORDER = "A-1001"


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Page and code; a block that starts and verifies is two."""
    for page in PAGES:
        text = (ROOT / page).read_text()
        for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S):
            for part in VERIFY.split(block):
                yield page, part


def shown(language: str, *, verifies: bool) -> list[object]:
    found = [
        (page, code) for page, code in blocks(language) if ("erifyWebhook(" in code) == verifies
    ]
    tool = {"php": "php", "js": "npm"}[language]
    return [
        pytest.param(code, id=f"{page}-{number}", marks=pytest.mark.needs(tool))
        for number, (page, code) in enumerate(found)
    ]


@pytest.fixture
def environment(stack: Deployed, caller: dict[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "API_URL": caller["apiUrl"],
        "ELSOM_API_URL": caller["apiUrl"],
        "AWS_REGION": caller["region"],
        "AWS_ACCESS_KEY_ID": caller["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": caller["secretAccessKey"],
        "SECRETS": json.dumps(stack.secret["webhookSecrets"]),
    }


@pytest.fixture(scope="module")
def paid(stack: Deployed, receiver: Receiver) -> Received:
    """The webhook of a paid order."""
    payment = stack.start(orderId=ORDER).body["id"]
    stack.set_status(payment, "A", notify=True)

    def look() -> list[Received]:
        return [one for one in receiver.about(payment) if one.event["type"] == "payment.paid"]

    return eventually(look)[0]


@contextmanager
def page_of(code: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of a PHP page with this code, which may use `$input` and `$secrets`."""
    for source in (CLIENTS / "php").glob("*.php"):
        (folder / source.name).write_text(source.read_text())
    given = re.search(r"^\$input = .*?;$", CALL.read_text(), re.M | re.S)
    assert given
    start = f"<?php\n{given[0]}\n$secrets = json_decode(getenv('SECRETS'), true);\n"
    needed = "" if "require " in code else "require 'ElsomPayments.php';\n"
    (folder / "page.php").write_text(start + needed + code)
    process = subprocess.Popen(
        ["php", "-S", "127.0.0.1:0", "-t", str(folder)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", one) for one in lines)))
        yield f"{found[0]}/page.php"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("code", shown("php", verifies=False))
def test_a_start_in_php_leads_to_the_page_to_pay(
    code: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with page_of(code, tmp_path, environment) as url, pytest.raises(urllib.error.HTTPError) as led:
        urllib.request.build_opener(NoRedirect).open(url, timeout=60)
    with led.value as answer:
        assert answer.code == 302, answer.read()
        assert answer.headers["Location"].startswith(f"{environment['API_URL']}/pay/")


@pytest.mark.parametrize("code", shown("php", verifies=True))
def test_a_webhook_in_php_names_the_paid_order(
    code: str, environment: dict[str, str], tmp_path: Path, paid: Received
) -> None:
    headers = {name: value for name, value in paid.headers.items() if name.startswith("webhook-")}
    with page_of(code, tmp_path, environment) as url:
        request = urllib.request.Request(url, paid.body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.read().decode() == f"{ORDER} is paid"


def run(code: str, client: Client, environment: dict[str, str]) -> str:
    """What a module with this code writes."""
    module = client.source / "shown.mjs"
    module.write_text(code)
    done = subprocess.run(
        [node(), str(module)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code", shown("js", verifies=False))
def test_a_start_in_javascript_gives_the_page_to_pay(
    code: str, environment: dict[str, str], copied: Callable[[str], Client]
) -> None:
    assert f"{environment['API_URL']}/pay/" in run(code, copied("mjs"), environment)


@pytest.mark.parametrize("code", shown("js", verifies=True))
def test_a_webhook_in_javascript_names_the_paid_order(
    code: str, environment: dict[str, str], copied: Callable[[str], Client], paid: Received
) -> None:
    given = json.dumps({"body": paid.body.decode(), "headers": paid.headers})
    start = (
        f"const {{ body, headers }} = {given};\nconst secrets = JSON.parse(process.env.SECRETS);\n"
    )
    needed = "" if "import " in code else 'import { verifyWebhook } from "elsom-payments-client";\n'
    said = run(
        needed + start + code + (SEND if "app.post" in code else ""), copied("mjs"), environment
    )
    assert said == f"{ORDER} is paid\n"


# The block makes a server: it is started, gets the webhook, and ends.
SEND = """
const server = app.listen(0, "127.0.0.1", async () => {
  const named = Object.entries(headers).filter(([name]) => name.startsWith("webhook-"));
  const url = `http://127.0.0.1:${server.address().port}/webhook`;
  const options = { method: "POST", body, headers: Object.fromEntries(named) };
  const answer = await fetch(url, options);
  server.close();
  process.exitCode = answer.status === 204 ? 0 : 1;
});
"""


def test_every_page_shows_both() -> None:
    pages = {page for language in ("php", "js") for page, _ in blocks(language)}
    assert pages == set(PAGES)
