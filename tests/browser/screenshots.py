"""Pictures of every page and state in three languages: `python -m tests.browser.screenshots`.

Writes docs/screenshots/ again. The customer's pages come from this process; Elsom's page and the
shop from a local cloud that is deployed for it and stopped again.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from payments.domain.errors import StoreUnavailable
from payments.pages.responses import error_page
from payments.pages.texts import LANGUAGES
from sandbox.texts import TEXTS as ELSOM
from tests.browser.chromium import phone, running_chromium
from tests.browser.demo import DemoShop, running_demo_shop
from tests.browser.in_process import PagesServer, serving
from tests.browser.world import SHOP, STATES, PagesWorld, in_state
from tests.deployed import Deployed, deployed, running_cloud
from tools.environments import ROOT
from tools.local.processes import free_port

FOLDER = ROOT / "docs" / "screenshots"


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shoot_all(folder)
        FOLDER.mkdir(parents=True, exist_ok=True)
        for old in FOLDER.glob("*.png"):
            old.unlink()
        for made in folder.glob("*.png"):
            shutil.move(made, FOLDER)
    write_index()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER.relative_to(ROOT)}")


def shoot_all(folder: Path) -> None:
    """All pictures, into an empty folder."""
    with running_chromium() as browser:
        with serving(PagesWorld()) as server:
            shoot_pages(browser, server, folder)
        with tempfile.TemporaryDirectory() as state, running_cloud(Path(state)) as cloud:
            port = free_port()
            address = f"http://127.0.0.1:{port}"
            stack = deployed(
                cloud,
                "screenshots",
                {"ShopUrl": f"{address}/", "ShopWebhookUrl": f"{address}/webhooks"},
            )
            with running_demo_shop(cloud.save(), port) as shop:
                shoot_shop(browser, stack, shop, folder)


def shoot_pages(browser: Browser, server: PagesServer, folder: Path) -> None:
    """Every state in every language, and what is not about one payment."""
    with phone(browser, reduced_motion="reduce", locale="ky-KG") as context:
        page = context.new_page()
        for state in STATES:
            for language in LANGUAGES:
                server.world.show(in_state(state, language))
                page.goto(server.result_url())
                shoot(page, folder, f"{state}-{language}")
        page.goto(server.back_url())
        shoot(page, folder, "came-back")
        page.goto(server.result_url("0" * 20))
        shoot(page, folder, "not-found")
        page.set_content(error_page(StoreUnavailable("down"), SHOP)["body"])
        shoot(page, folder, "unavailable")
    with phone(browser, reduced_motion="reduce", color_scheme="dark") as context:
        page = context.new_page()
        for state in ("waiting", "expired", "late"):
            server.world.show(in_state(state, "ky"))
            page.goto(server.result_url())
            shoot(page, folder, f"dark-{state}-ky")


def shoot_shop(browser: Browser, stack: Deployed, shop: DemoShop, folder: Path) -> None:
    """The shop and Elsom's page in every language, and the sandbox's own pages."""
    for language in LANGUAGES:
        with phone(browser, reduced_motion="reduce") as context:
            page = context.new_page()
            page.goto(f"{shop.url}/?lang={language}")
            shoot(page, folder, f"shop-{language}")
            page.get_by_role("button").first.click()
            page.wait_for_url("**/merchant-payment/**")
            shoot(page, folder, f"elsom-{language}")
            elsom = page.url
            page.get_by_label(ELSOM[language]["wallet"], exact=True).fill("0556109910")
            page.get_by_label(ELSOM[language]["code"], exact=True).fill("0000")
            page.get_by_role("button", name=ELSOM[language]["pay"], exact=True).click()
            page.get_by_role("alert").wait_for()
            shoot(page, folder, f"elsom-wrong-code-{language}")
            page.get_by_label(ELSOM[language]["code"], exact=True).fill("4321")
            page.get_by_role("button", name=ELSOM[language]["pay"], exact=True).click()
            page.locator("body.paid .button").click(timeout=60_000)
            page.get_by_text("payment.paid").first.wait_for(timeout=30_000)
            shoot(page, folder, f"order-{language}")
            page.goto(elsom)
            shoot(page, folder, f"elsom-ended-{language}")
    with phone(browser) as context:
        page = context.new_page()
        for name, path in (("sandbox-help", "/"), ("sandbox-live", "/transactions")):
            page.goto(f"{stack.cloud.sandbox_url}{path}")
            shoot(page, folder, name)


def shoot(page: Page, folder: Path, name: str) -> None:
    """What a phone shows first; the rest is there by scrolling."""
    page.screenshot(path=folder / f"{name}.png", animations="disabled")


def write_index() -> None:
    """A page that shows them all."""
    names = sorted(path.stem for path in FOLDER.glob("*.png"))
    in_languages = sorted({name[:-3] for name in names if name.endswith(("-ky", "-ru", "-en"))})
    lines = ["# Screenshots", "", "Made by `make screenshots`, 360 × 740.", ""]
    lines += ["| page | ky | ru | en |", "|---|---|---|---|"]
    for name in in_languages:
        cells = [
            f'<img src="{name}-{language}.png" alt="{name}, {language}" width="180">'
            if f"{name}-{language}" in names
            else ""
            for language in LANGUAGES
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    single = [name for name in names if not name.endswith(("-ky", "-ru", "-en"))]
    lines += ["", " ".join(f'<img src="{name}.png" alt="{name}" width="180">' for name in single)]
    (FOLDER / "README.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
