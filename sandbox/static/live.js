"use strict";
// Rows that did not change are never touched: no flicker, and what is open stays open.
const shown = { transactions: new Map(), calls: new Map() };
let version = "";
for (const name of Object.keys(shown)) {
  for (const row of document.getElementById(name).rows) {
    // The browser writes HTML its own way: the first refresh compares these as nodes.
    shown[name].set(row.dataset.key, { html: null, row });
  }
}

function rowFrom(html) {
  const holder = document.createElement("tbody");
  holder.innerHTML = html;
  return holder.firstElementChild;
}

function carryOpenDetails(before, after) {
  const open = new Set();
  for (const one of before.querySelectorAll("details[open] > summary")) open.add(one.textContent);
  for (const one of after.querySelectorAll("details > summary")) {
    if (open.has(one.textContent)) one.parentElement.open = true;
  }
}

function update(name, rows) {
  const body = document.getElementById(name);
  const known = shown[name];
  const fresh = rows.map((html) => [rowFrom(html).dataset.key, html]);
  const wanted = new Set(fresh.map(([key]) => key));
  for (const [key, { row }] of known) {
    if (!wanted.has(key)) {
      row.remove();
      known.delete(key);
    }
  }
  let place = body.firstElementChild;
  for (const [key, html] of fresh) {
    const old = known.get(key);
    if (old && (old.html === html || (old.html === null && rowFrom(html).isEqualNode(old.row)))) {
      old.html = html;
      place = old.row.nextElementSibling;
      continue;
    }
    const row = rowFrom(html);
    if (old) {
      carryOpenDetails(old.row, row);
      old.row.replaceWith(row);
    } else {
      body.insertBefore(row, place);
    }
    known.set(key, { html, row });
    place = row.nextElementSibling;
  }
}

async function refresh() {
  try {
    const answer = await fetch("/transactions/rows?version=" + encodeURIComponent(version));
    const fresh = await answer.json();
    if (fresh.version !== version) {
      version = fresh.version;
      update("transactions", fresh.transactions);
      update("calls", fresh.calls);
    }
    document.body.classList.remove("stale");
  } catch {
    // The sandbox was stopped or refuses: keep what is shown and look again.
    document.body.classList.add("stale");
  }
  setTimeout(refresh, document.hidden ? 5000 : 1000);
}
refresh();
