"""A worker's browser; the pages in this process, or a deployed stack with its shop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import Watched, phone, running_chromium
from tests.browser.demo import DemoShop, running_demo_shop
from tests.browser.in_process import PagesServer, serving
from tests.browser.world import PagesWorld
from tests.deployed import Deployed, deployed, running_cloud
from tools.local.processes import free_port


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with phone(browser) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab that must show no error, break no policy, and ask nobody outside."""
    tab = context.new_page()
    watched = Watched(tab)
    yield tab
    assert watched.complaints == []


@pytest.fixture
def server() -> Iterator[PagesServer]:
    """The customer's pages in this process."""
    with serving(PagesWorld()) as running:
        yield running


@pytest.fixture(scope="session")
def shop_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, shop_port: int) -> Iterator[Deployed]:
    """A deployed stack that knows the demo shop."""
    address = f"http://127.0.0.1:{shop_port}"
    with running_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield deployed(
            cloud,
            "browser",
            {
                "ShopUrl": f"{address}/",
                "ShopWebhookUrl": f"{address}/webhooks",
                "ReturnUrlHosts": "shop.kg",
            },
        )


@pytest.fixture(scope="session")
def demo(stack: Deployed, shop_port: int) -> Iterator[DemoShop]:
    """The demo shop of the deployed stack."""
    with running_demo_shop(stack.cloud.save(), shop_port) as shop:
        yield shop
