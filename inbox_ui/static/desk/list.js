/* The list: which row is open, and new ones, which never move what somebody reads. */
import { line } from "./line.js";
import { paced } from "./pace.js";
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

mark();

/* What changed is asked about together. A row that is shown comes anew; of the others, those that belong into the list are
   placed where that moves nothing that is in sight, else they wait behind a button. */
const SOON = 120;
const LONGEST = 1000;
const TOGETHER = 50;
const WHOLE = "the list"; // among ids: all of it
let waiting = new Set();
const gather = paced(ask, { soon: SOON, longest: LONGEST });

/** Which list is shown, as its own button says: searching as one types doesn't change the page's address. */
const shows = () => new URL(one("#news").getAttribute("hx-get"), location.href).searchParams;
const rowOf = (id) => document.getElementById(`row-${id}`);

/** A conversation changed: the list shows it as it is. The one that is open doesn't wait for the others. */
export function renew(id) {
  if (!list()) return; // a page that has the desk's rail alone
  if (rowOf(id) || !(waiting.has(id) || shows().get("q"))) gather(id, id === openId() ? SOON : LONGEST);
}

/** The same, where it is shown. */
export const renewShown = (id) => rowOf(id) && renew(id);

/** What waits is shown now: the list was fetched anew. */
export function settled() {
  waiting = new Set();
  show();
}

async function ask(asked) {
  if (asked.includes(WHOLE)) await look();
  const ids = asked.filter((id) => id !== WHOLE);
  for (const id of ids.splice(TOGETHER)) gather(id);
  const shown = ids.filter(rowOf);
  const fresh = ids.filter((id) => !rowOf(id) && !waiting.has(id));
  if (!list() || !(shown.length || fresh.length)) return;
  const here = shows().toString();
  const came = await fetched(`/inbox/news?${here}${among("shown", shown)}${among("ids", fresh)}`);
  if (came === null || (list() && here !== shows().toString())) return ids.forEach(renew); // refused, or another list by now
  if (!came || !list()) return;
  const there = new Set();
  for (const [row, group] of came.rows) {
    there.add(row.id);
    if (document.getElementById(row.id)) swap(row.id, row.outerHTML, "outerMorph");
    else if (group.group !== undefined) place(row, group);
  }
  for (const id of shown) {
    if (there.has(`row-${id}`)) showTyping(id, came.page);
    else swap(`row-${id}`, "", "delete"); // its reader may not open it any more
  }
  show();
}
const among = (name, ids) => (ids.length ? `&${name}=${ids}` : "");

/** Something may have been missed: what is shown is renewed, what is new is placed, by one look at the list. */
export const catchUp = () => list() && gather(WHOLE, SOON);

async function look() {
  const came = await fetched(`/inbox/rows?${shows()}`);
  if (!came || !list()) return;
  for (const [row, group] of came.rows) {
    if (document.getElementById(row.id)) swap(row.id, row.outerHTML, "outerMorph");
    else place(row, group);
  }
  const seen = new Set(came.rows.map(([row]) => row.id));
  for (const row of all("#list > ul > li[id]")) if (!seen.has(row.id) || one(TYPING, row)) renew(row.id.slice(4));
  show();
}

/** The answer's page, and its rows, each with what its group is called; null when the hub can't now, undefined when there is
    no answer. */
async function fetched(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => line(false));
  if (!answer?.ok) return answer?.status >= 500 ? null : undefined;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const rows = all("ul > li[id]", page).map((row) => [document.importNode(row, true), row.parentElement.dataset]);
  return { page, rows };
}

/** What stays, stays: the focus, who types there. */
function swap(id, text, how) {
  const known = document.getElementById(id);
  if (known) window.htmx.swap({ text, target: known, swap: how, sourceElement: how === "delete" ? list() : known });
}

/** Who types in a conversation stands in its row. */
const TYPING = "[data-typing]:not([hidden])";
function showTyping(id, page) {
  const mark = one(`[data-typing="${id}"]`);
  if (!mark) return;
  const names = all(`[data-types-in="${id}"]`, page).map((person) => person.dataset.types);
  mark.hidden = !names.length;
  mark.replaceChildren(...["i", "i", "i"].map((name) => document.createElement(name)), names.join(", "));
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
