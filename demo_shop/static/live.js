"use strict";
// Without this script a second tap sends the same key again, and the shop answers with the same order.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.hasAttribute("aria-busy")) event.preventDefault();
    form.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => form.removeAttribute("aria-busy"));
}
const live = document.getElementById("live");
if (live) {
  let shown = "";
  const renew = async () => {
    try {
      const answer = await fetch(live.dataset.source);
      const html = answer.ok ? await answer.text() : shown;
      if (html !== shown) live.innerHTML = html;
      shown = html;
    } catch { /* the shop was stopped: keep what is shown */ }
    setTimeout(renew, document.hidden ? 10000 : 2000);
  };
  renew();
}
