/* Live: events carry ids; the parts that show them listen on the body and fetch themselves. */
import { all, one, openId, raise, say, token } from "./page.js";
import { isOff, line } from "./line.js";
import { catchUp, news, renew } from "./list.js";

const idsOf = (event) => JSON.parse(event.detail.data || "{}");
const body = document.body;

for (const name of ["row", "entry", "delivery", "presence", "typing", "glass"]) {
  body.addEventListener(name, (event) => {
    if (typeof event.detail?.data !== "string") return;
    const { id, entry } = idsOf(event);
    if (name === "row") {
      raise(`row-${id}`);
      renew(id);
      news(id);
      countSoon();
    } else if (name === "entry" && entry && document.getElementById(`entry-${entry}`)) return;
    else if (name === "glass") raise("glass-broken");
    else if (name === "delivery") renewEntry(id, entry);
    else raise(`${name}-${id}`);
    if (name === "typing" || name === "presence") typing(id);
  });
}

/* How far an answer is on its way, or that it was taken back: that alone, for what somebody opened in it stays open */
async function renewEntry(id, entry) {
  if (openId() !== id || !document.getElementById(`entry-${entry}`)) return;
  const answer = await fetch(`/conversations/${id}/entries/${entry}`, { headers: { "HX-Request": "true" } }).catch(() => line(false));
  if (!answer?.ok) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  const old = document.getElementById(`entry-${entry}`);
  const [was, is] = [document, now].map((page) => page.getElementById(`deliveries-${entry}`));
  if (!old || !was || !is || was.isEqualNode(is)) return;
  was.replaceWith(document.importNode(is, true));
  old.toggleAttribute("data-undone", now.getElementById(`entry-${entry}`).hasAttribute("data-undone"));
}

/* Something may have been missed: everything shown is fetched again */
let catching;
body.addEventListener("resync", (event) => {
  if (typeof event.detail?.data !== "string") return;
  clearTimeout(catching); // they come two or three at once
  catching = setTimeout(() => {
    const id = openId();
    if (id) {
      raise(`row-${id}`);
      raise(`entry-${id}`);
    }
    catchUp();
    countSoon();
  }, 100);
});

/* One's own change: what it touched is fetched at once, should the line be down */
document.addEventListener("htmx:after:swap", (event) => {
  const trigger = event.detail.ctx?.hx?.trigger ?? event.detail.ctx?.response?.headers?.get?.("HX-Trigger");
  const id = /^changed-(\d+)$/.exec(trigger ?? "")?.[1];
  if (!id) return;
  raise(`entry-${id}`);
  const undone = /\/replies\/(\d+)\/undo/.exec(event.detail.ctx.request?.action ?? "")?.[1];
  if (undone) renewEntry(id, undone);
  countSoon();
  if (isOff()) {
    raise(`row-${id}`);
    renew(id);
  }
});

/* The hub counts once a second: asked later than that after the last change, it has counted all of them */
const COUNTED = 1100;
let counting;
let latest = 0;
function countSoon() {
  latest = Date.now();
  counting ??= setTimeout(count, COUNTED);
}
function count() {
  raise("rail");
  const since = Date.now() - latest;
  counting = since < COUNTED ? setTimeout(count, COUNTED) : undefined;
}

/* Over the list stands the figure that the rail has for it */
document.addEventListener("htmx:after:swap", (event) => {
  const total = event.detail.ctx?.target?.id === "rail" && one("#total");
  if (total) total.textContent = one("#rail .nav-link[aria-current] .count")?.textContent ?? "0";
});

/* Entries come once, and a day is named once */
document.addEventListener("htmx:after:swap", (event) => {
  if (!event.detail.ctx?.request?.action?.includes("/newer")) return;
  const seen = new Set();
  for (const entry of all("#timeline > .event[id]")) {
    if (seen.has(entry.id)) entry.remove();
    seen.add(entry.id);
  }
  let last;
  for (const day of all("#timeline > .day")) {
    if (day.dataset.day === last) day.remove();
    else last = day.dataset.day;
  }
  const newest = all("#timeline > .event").at(-1);
  if (newest && !("ours" in newest.dataset)) say(one(".who", newest)?.textContent ?? "");
});

/* Who reads or types: a sign while the page is seen */
let typed = 0;
function sign(state) {
  const id = openId();
  if (!id || !one("#history") || document.hidden) return;
  fetch(`/conversations/${id}/presence`, {
    method: "POST",
    body: new URLSearchParams({ state }),
    headers: { ...token(), "HX-Request": "true" },
  }).catch(() => line(false));
}
setInterval(() => sign("reading"), 20000);
document.addEventListener("desk:opened", () => sign("reading"));
document.addEventListener("input", (event) => {
  if (!event.target.closest("[data-composer]") || Date.now() - typed < 4000) return;
  typed = Date.now();
  sign("typing");
});
sign("reading");

/* In a row: somebody types there */
async function typing(id) {
  const mark = one(`[data-typing="${id}"]`);
  if (!mark) return;
  const answer = await fetch(`/conversations/${id}/present`, { headers: { "HX-Request": "true" } }).catch(() => line(false));
  if (!answer?.ok) return;
  const people = new DOMParser().parseFromString(await answer.text(), "text/html");
  const names = all("[data-types]", people).map((person) => person.dataset.types);
  mark.hidden = !names.length;
  mark.replaceChildren(...["i", "i", "i"].map((name) => document.createElement(name)), names.join(", "));
}
