/* The list: which row is open, and new ones, which never move what somebody reads. */
import { all, one, openId, say } from "./page.js";

const list = () => one("#list");

/* The open conversation's row */
function mark() {
  const id = openId();
  for (const row of all("#list a.row")) {
    const current = row.dataset.id === id;
    if (current) {
      row.setAttribute("aria-current", "true");
      row.removeAttribute("data-unread");
      one(".unread", row)?.remove();
    } else row.removeAttribute("aria-current");
  }
}
document.addEventListener("desk:opened", mark);
document.addEventListener("htmx:after:swap", mark);
/* A row opens its conversation beside the list; a second press before that comes takes the first one's place */
document.addEventListener("click", (event) => {
  const row = event.target.closest("#list a.row");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  for (const other of all("#list a.row[aria-current]")) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true"); // at once; the conversation comes
  window.htmx.ajax("GET", row.getAttribute("href"), { source: list(), target: "#thread", swap: "outerHTML", push: "true" });
});

/** A row changed: it fetches itself, where it is shown. */
export function renew(id) {
  const row = document.getElementById(`row-${id}`);
  if (row) window.htmx.ajax("GET", `/conversations/${id}/row${location.search}`, { source: row, target: row, swap: "outerMorph" });
}
mark();

/* News: ids of conversations that the list doesn't show. They are asked about together, and each is placed where it
   moves nothing that is in sight; else it waits behind a button. */
let asked = new Set();
let waiting = new Set();
let soon;

/** Which list is shown, as its own button says: searching as one types doesn't change the page's address. */
const shows = () => new URL(one("#news").getAttribute("hx-get"), location.href).searchParams;

export function news(id) {
  if (!list()) return; // a page that has the desk's rail alone
  if (document.getElementById(`row-${id}`) || waiting.has(id) || shows().get("q")) return;
  asked.add(id);
  clearTimeout(soon);
  soon = setTimeout(ask, 120);
}

/** What waits is shown now: the list was fetched anew. */
export function settled() {
  waiting = new Set();
  show();
}

async function ask() {
  const ids = [...asked].slice(0, 50);
  asked = new Set();
  const here = shows();
  here.set("ids", ids.join(","));
  for (const [row, group] of (await fetched(`/inbox/news?${here}`)) ?? []) place(row, group);
  show();
}

/** Something may have been missed: what is shown is renewed, what is new is placed, by one look at the list. */
export async function catchUp() {
  if (!list()) return;
  const now = await fetched(`/inbox/rows?${shows()}`);
  if (!now) return;
  for (const [row, group] of now) {
    const known = document.getElementById(row.id);
    if (known) window.htmx.swap({ text: row.outerHTML, target: known, swap: "outerMorph", sourceElement: known });
    else place(row, group);
  }
  const seen = new Set(now.map(([row]) => row.id));
  for (const row of all("#list > ul > li[id]")) if (!seen.has(row.id)) renew(row.id.slice(4));
  show();
}

/** Rows, each with what its group is called; undefined when there is no answer. */
async function fetched(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (!answer?.ok) return undefined;
  const came = new DOMParser().parseFromString(await answer.text(), "text/html");
  return all("ul[data-group] > li", came).map((row) => [document.importNode(row, true), row.parentElement.dataset]);
}

function place(row, { group, heading }) {
  if (document.getElementById(row.id)) return;
  const spot = group ? spotIn(group, heading, Number(row.dataset.due || Infinity)) : one("li", list());
  if (!spot || !isOutOfSight(spot)) {
    waiting.add(row.id.slice(4));
    return;
  }
  if (spot.matches?.("li")) spot.before(row);
  else spot.append(row);
  one(".empty", list())?.remove();
  say(one(".who", row)?.textContent ?? "");
}

/** Before which row, or at the end of which group, a due time belongs; nothing where the page isn't whole. */
function spotIn(name, heading, due) {
  if (one(".load-more", list())) return null;
  const groups = all("ul[data-group]", list());
  const group = groups.find((each) => each.dataset.group === name);
  if (group) return all(":scope > li", group).find((row) => Number(row.dataset.due || Infinity) > due) ?? group;
  const order = ["overdue", "hour", "today", "tomorrow", "week", "later", "never"];
  const after = groups.find((each) => order.indexOf(each.dataset.group) > order.indexOf(name));
  if (after) return null;
  const title = document.createElement("h3");
  title.className = "list-group";
  title.textContent = heading;
  const fresh = document.createElement("ul");
  fresh.dataset.group = name;
  list().append(title, fresh);
  return fresh;
}

/** Whether a row put there moves nothing that is seen: below the edge, or after the last row. */
function isOutOfSight(spot) {
  const box = list().getBoundingClientRect();
  if (spot.matches("ul")) return !spot.nextElementSibling || spot.getBoundingClientRect().bottom >= box.bottom;
  return spot.getBoundingClientRect().top >= box.bottom;
}

function show() {
  const button = one("#news");
  button.hidden = waiting.size === 0;
  button.textContent = list().dataset.wordsNews.replace("{num}", waiting.size);
}
document.addEventListener("htmx:after:swap", (event) => event.detail.ctx?.target?.id === "list" && settled());
