/* The list: which row is open, and new ones, which never move what somebody reads. */
import { isBeforeOne, tellTurns } from "./chats.js";
import { line } from "./line.js";
import { paced } from "./pace.js";
import { all, one, openId, say } from "./page.js";
import { forget, hasLeft, inOrder, place, stand } from "./places.js";

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
let writesIn; // who was told that somebody wrote goes there to answer
document.addEventListener("click", (event) => {
  const row = event.target.closest("#list a.row, #turns a");
  if (!row || !list() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  for (const other of all("#list a.row[aria-current]")) other.removeAttribute("aria-current");
  if (row.matches(".row")) row.setAttribute("aria-current", "true"); // at once; the conversation comes
  const [address, field] = row.getAttribute("href").split("#");
  writesIn = field;
  window.htmx.ajax("GET", address, { source: list(), target: "#thread", swap: "outerHTML", push: "true" });
});
document.addEventListener("desk:opened", () => {
  if (writesIn) document.getElementById(writesIn)?.focus();
  writesIn = undefined;
});

mark();

/* What changed is asked about together. A row that is shown comes anew, and goes where it belongs; of the others, those that
   belong into the list are placed where that moves nothing that is in sight, else they wait behind a button. What a citizen
   says in a chat of one's own is told with the same answer. */
const SOON = 120;
const LONGEST = 1000;
const RECOUNTED = 3000;
const TOGETHER = 50;
const MANY = 2 * TOGETHER; // of more that aren't shown the list as it is says as much, and costs one answer
const MOST = 380; // ids in an address
const WHOLE = "the list"; // among ids: all of it
let waiting = new Set();
const turns = new Set(); // whose citizens said something
const gather = paced(ask, { soon: SOON, longest: LONGEST });
/* What waits already is counted anew now and then: it may have been closed, or be another list's by now */
const recount = paced((ids) => ids.forEach((id) => gather(id)), { soon: RECOUNTED, longest: RECOUNTED });

/** Which list is shown, as its own button says: searching as one types doesn't change the page's address. */
const shows = () => new URL(one("#news").getAttribute("hx-get"), location.href).searchParams;
const rowOf = (id) => document.getElementById(`row-${id}`);

/** A conversation changed: the list shows it as it is. The one that is open doesn't wait for the others. */
export function renew(id) {
  if (!list()) return; // a page that has the desk's rail alone
  if (waiting.has(id) && !rowOf(id)) recount(id);
  else if (rowOf(id) || !shows().get("q")) gather(id, id === openId() ? SOON : LONGEST);
}

/** The same, where it is shown. */
export const renewShown = (id) => rowOf(id) && renew(id);

/** A citizen said something in a chat of one's own. */
export function heard(id) {
  if (isBeforeOne(id)) return;
  turns.add(id);
  gather(id);
}

/** What waits is shown now: the list was fetched anew. */
export function settled() {
  waiting = new Set();
  inOrder();
  show();
}

async function ask(asked) {
  const unknown = asked.filter((id) => id !== WHOLE && !rowOf(id) && !waiting.has(id));
  const whole = list() && (asked.includes(WHOLE) || unknown.length > MANY);
  if (whole && !(await look(unknown))) return asked.forEach((id) => gather(id)); // refused: all of it, the next time
  const ids = asked.filter((id) => id !== WHOLE && (!whole || turns.has(id)));
  if (whole) ids.push(...[...turns].filter((id) => !ids.includes(id))); // asked for in vain before
  for (const id of ids.splice(TOGETHER)) gather(id);
  const here = list() ? shows() : new URLSearchParams();
  const shown = ids.filter(rowOf);
  const fresh = list() && !here.get("q") ? ids.filter((id) => !rowOf(id)) : [];
  const said = ids.filter((id) => turns.delete(id));
  if (!(shown.length || fresh.length || said.length)) return;
  const came = await fetched(`/inbox/news?${here}${among("shown", shown)}${among("ids", fresh)}${among("said", said)}`);
  if (came === null || (list() && `${here}` !== `${shows()}`)) {
    said.forEach(heard);
    return ids.forEach(renew); // refused, or another list by now
  }
  if (!came) return said.forEach((id) => turns.add(id)); // no answer: with the next look at everything
  tellTurns(came.page);
  if (!list()) return;
  const there = put(came.rows);
  for (const id of fresh) if (!there.has(`row-${id}`)) waiting.delete(id);
  for (const id of shown) {
    if (there.has(`row-${id}`)) showTyping(id, came.page);
    else {
      swap(`row-${id}`, "", "delete"); // its reader may not open it any more
      forget(`row-${id}`);
    }
  }
  show();
}
const among = (name, ids) => (ids.length ? `&${name}=${ids}` : "");

/** Something may have been missed: what is shown is renewed, what is new is placed, by one look at the list. */
export const catchUp = () => list() && gather(WHOLE, SOON);

/** At the list as it is, and which of these belong into it. False: the hub can't now. */
async function look(ids) {
  const here = `${shows()}`;
  const named = shows().get("q") ? [] : [...ids, ...waiting].slice(0, MOST);
  const came = await fetched(`/inbox/list?${here}${among("ids", named)}`);
  if (came === null) return false;
  if (!came || !list() || here !== `${shows()}`) return true;
  for (const id of ids.slice(MOST)) gather(id);
  const seen = put(came.rows);
  const behind = one("[data-waiting]", came.page)?.dataset.waiting.split(",") ?? [];
  for (const id of named) if (!behind.includes(id)) waiting.delete(id);
  for (const id of behind) if (!rowOf(id) && !hasLeft(`row-${id}`)) waiting.add(id);
  for (const row of all("#list > ul > li[id]")) if (!seen.has(row.id) || one(TYPING, row)) renew(row.id.slice(4));
  show();
  return true;
}

/** Rows come, each where it belongs; their ids. */
function put(came) {
  const searched = shows().get("q"); // what is found stands by how well it fits
  for (const [row, { group, heading }] of came) {
    const where = group !== undefined && { group, heading };
    if (document.getElementById(row.id)) {
      swap(row.id, row.outerHTML, "outerMorph");
      if (!searched) stand(document.getElementById(row.id), where);
    } else if (!where) continue; // another list by now
    else if (hasLeft(row.id)) stand(row, where);
    else if (searched || !place(row, where)) waiting.add(row.id.slice(4));
    else say(one(".who", row)?.textContent ?? "");
  }
  return new Set(came.map(([row]) => row.id));
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

function show() {
  for (const id of waiting) if (rowOf(id)) waiting.delete(id);
  const button = one("#news");
  button.hidden = waiting.size === 0;
  button.textContent = list().dataset.wordsNews.replace("{num}", waiting.size);
}
document.addEventListener("htmx:after:swap", (event) => event.detail.ctx?.target?.id === "list" && settled());
