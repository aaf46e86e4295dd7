/* Keys. A single one presses the button that names it in `data-key`; none does anything while somebody writes. */
import { all, one, shown } from "./page.js";
import { closeMenus, open, toast } from "./dialogs.js";
import { askAgain, insertOpen, toLookup } from "./lookups.js";
import { pick, pickNone, pressPicked, rowMenu } from "./pick.js";

const GO = { m: "mine", u: "unassigned", a: "open" };
const singleKeys = document.body.dataset.keys === "on";
const writes = (element) => element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const OF_A_CONVERSATION = "rnewahtiflm+";
const held = [];
let opening = null;
const NEXT_WITHIN_MS = 1500;
let before = "";
let beforeAt = 0;

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "k") stop(event, () => open("palette"));
    else if (key === "enter") stop(event, () => send(event.shiftKey));
    return;
  }
  if (event.altKey) {
    if (event.code === "KeyN" && !one("dialog[open]")) stop(event, () => one("#m-new")?.togglePopover({ source: one("#new-button") })); // elsewhere Alt writes signs
    return;
  }
  if (key === "escape") return leave(event);
  if (!singleKeys || writes(event.target) || one("dialog[open]") || one("[popover]:popover-open")) return;
  if (opening && (held.length || !"jk/?".includes(key)) && key !== "shift") return stop(event, () => held.push(event.key));
  const first = event.timeStamp - beforeAt < NEXT_WITHIN_MS ? before : ""; // as pressed: a busy page hears of keys late
  before = "";
  if (first === "g") return go(event, key);
  if (first === "o") return outcome(event, key);
  if (first === "l" && /[1-9]/.test(key)) return stop(event, () => toLookup(key));
  if (event.shiftKey && (key === "i" || key === "l") && one("#lookups")) return stop(event, key === "i" ? insertOpen : askAgain);
  if (key === "g" || key === "o" || (key === "l" && one("#lookups"))) {
    before = key;
    beforeAt = event.timeStamp;
  } else if (key === "j" || key === "k") stop(event, () => walk(key === "j" ? 1 : -1));
  else if (key === "/") stop(event, () => one("#q").select());
  else if (key === "?") stop(event, () => open("shortcuts")); // its button isn't shown where there is no room
  else if (key === "x") stop(event, () => pick(rowAt(event.target) ?? one("#list a.row[aria-current]") ?? event.target));
  else if (key === "m" && rowAt(event.target) && !event.target.hasAttribute("aria-current")) stop(event, () => rowMenu(event.target));
  else if (key === "]") stop(event, () => one("#panel-toggle")?.click());
  else if (key === "enter" && !event.target.closest("a, button, summary, [role=tab], label")) openCurrent(event);
  else press(event, key);
});

/* While a conversation is on its way keys are meant for it, not for the one that still stands there */
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx?.sourceElement?.id === "list") opening = ctx;
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx && ctx === opening) setTimeout(() => arrived(ctx)); // after the focus has moved
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx && ctx === opening) setTimeout(() => arrived(ctx, false), 50); // it failed: they are meant for nothing
});
function arrived(ctx, came = true) {
  if (ctx !== opening) return;
  opening = null;
  for (const key of held.splice(0)) if (came) again(key);
}
function again(key) {
  const field = document.activeElement;
  if (!writes(field)) field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  else if (key === "Backspace") document.execCommand("delete");
  else if (key === "Enter" || key.length === 1) document.execCommand("insertText", false, key === "Enter" ? "\n" : key);
}

const rowAt = (element) => element.closest?.("#list a.row");

/** What is picked goes before what is open. */
function press(event, key) {
  if (pressPicked(key)) return event.preventDefault();
  const named = all("[data-key]").filter((each) => each.dataset.key.split(" ").includes(key));
  const found = named.find((each) => !each.closest("[popover]") && shown(each)) ?? besides(named) ?? named.find((each) => each.closest("#m-more, #m-new:not(:popover-open), #toast"));
  if (found) stop(event, () => found.click());
  else if (OF_A_CONVERSATION.includes(key) && !one("#thread-head[data-version], .call-space")) stop(event, () => toast(document.body.dataset.opensFirst));
}

/* In a tab that isn't shown: it is shown first */
function besides(named) {
  const found = named.find((each) => each.closest("[role=tabpanel][hidden]") && !each.closest("[popover]"));
  if (found) one(`[aria-controls="${found.closest("[role=tabpanel]").id}"]`).click();
  return found;
}

function stop(event, then) {
  event.preventDefault();
  then();
}

function walk(step) {
  const rows = all("#list a.row");
  if (!rows.length) return;
  const here = rows.indexOf(document.activeElement);
  const now = here >= 0 ? here : rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = rows[Math.max(0, Math.min(rows.length - 1, now + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  one(".workspace").dataset.pane = "list";
  if (now + step >= rows.length) one("#list .load-more")?.click();
}

function openCurrent(event) {
  const row = one("#list a.row[aria-current]") ?? one("#list a.row");
  if (row) stop(event, () => row.click());
}

function go(event, key) {
  if (key === "n") stop(event, () => one("#take-next").click());
  else if (GO[key]) stop(event, () => location.assign(`/inbox?view=${GO[key]}`));
}

/* How it ended: a figure answers for the question that has the focus, or the first that lacks an answer; then the next is
   asked, and after the last the button that sends */
document.addEventListener("keydown", (event) => {
  const dialog = one("dialog.ended[open]");
  if (!dialog || !singleKeys || writes(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const open = () => all(".ended-row:has(input)", dialog).find((row) => !one(":checked[type=radio]", row));
  const row = event.target.closest(".ended-row:has(input)") ?? open();
  const chosen = row && all("[data-outcome]", row).find((each) => each.dataset.outcome === event.key);
  if (!chosen) return;
  stop(event, () => chosen.click());
  (open() ? one("input", open()) : one("[data-kind=primary]", dialog)).focus();
});

function outcome(event, key) {
  const button = all("[data-outcome-key]").find((each) => each.dataset.outcomeKey === key) ?? (/[123]/.test(key) ? one(".matters .matter") : null);
  if (button) stop(event, () => button.click());
}

/** Ctrl+Enter sends and closes, or does the one thing that the form or dialog in front is for; with Shift it waits. */
function send(waits) {
  const dialog = one("dialog[open]");
  if (dialog) return one("[data-kind=primary]", dialog)?.click();
  const menu = one("form:popover-open");
  if (menu) return one("[data-kind=primary]", menu)?.click(); // and nothing behind it
  if (waits && shown(one("#send-wait"))) return one("#send-wait").click();
  [one("#send-turn"), one("#send-close"), one("#add-note"), one("[data-sends]")].find(shown)?.click();
}

/* Out of the search to its hits, then back to the list there was */
function toHits() {
  const row = one("#list a.row[aria-current]") ?? one("#list a.row");
  one(".workspace").dataset.pane = "list";
  row ? row.focus() : one("#q").blur();
}
let leaves;
function toList() {
  leaves = true;
  one("#q").value = "";
  one("#q").dispatchEvent(new Event("input", { bubbles: true }));
}
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx?.sourceElement?.id !== "q" || !leaves) return;
  leaves = false;
  toHits();
});
document.addEventListener("keydown", (event) => {
  if (event.target.id === "q" && event.key === "ArrowDown") stop(event, toHits);
});

/** Out of the field, then out of the pane. */
function leave(event) {
  if (one("dialog[open]") || one("[popover]:popover-open")) return closeMenus();
  if (!writes(event.target) && pickNone()) return;
  if (event.target.id === "q") return stop(event, toHits); // else the browser empties it, and the hits stay
  if (!writes(event.target) && one("#q")?.value && !event.target.closest("#thread, #panel")) return stop(event, toList);
  if (writes(event.target)) return (one("#thread-title") ?? document.body).focus?.() ?? event.target.blur();
  if (!one("#list")) return;
  const row = one("#list a.row[aria-current]") ?? one("#list a.row");
  one(".workspace").dataset.pane = "list";
  row?.focus();
}
