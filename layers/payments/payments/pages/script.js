"use strict";
// Asks how the payment stands after 2, 4, 8 ... seconds, for two minutes; nothing moves unless it changed.
(() => {
  const body = document.body;
  const main = document.querySelector("main");
  const question = location.pathname + "/status" + location.search;
  let timer, delay, spent, busy = false;

  function mark(stopped) {
    body.classList.toggle("stopped", stopped);
    for (const part of main.querySelectorAll("[data-when]")) {
      part.hidden = (part.dataset.when === "stopped") !== stopped;
    }
  }

  async function show() {
    const answer = await fetch(location.href);
    const html = await answer.text();
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const focused = main.contains(document.activeElement);
    main.replaceChildren(...fresh.querySelector("main").childNodes);
    body.className = fresh.body.className;
    Object.assign(body.dataset, fresh.body.dataset);
    document.title = fresh.title;
    if (focused) main.querySelector("h1").focus();
  }

  async function ask() {
    if (!busy) {
      busy = true;
      try {
        const answer = await fetch(question);
        const text = await answer.text();
        if (answer.ok && JSON.parse(text).status !== body.dataset.status) await show();
      } catch { /* offline: the next turn asks again */ }
      busy = false;
    }
    later();
  }

  function later() {
    clearTimeout(timer);
    if (body.dataset.settled === "yes") return;
    if (spent + delay > 120000) return mark(true);
    timer = setTimeout(ask, delay);
    spent += delay;
    delay *= 2;
  }

  function begin() {
    spent = 0;
    delay = 2000;
    mark(false);
    later();
  }

  // Also when the customer comes back from the wallet's app, or by the browser's history.
  addEventListener("pageshow", begin);
  document.addEventListener("visibilitychange", () => document.hidden || begin());
})();
