/* Where rows stand: in the list's order, in groups under their headings. One that belongs elsewhere by now goes there; but
   whoever points at the list, or has something open there, presses what they see: until they leave, only what is out of
   sight moves. */
import { all, one } from "./page.js";

const ORDER = ["overdue", "hour", "today", "tomorrow", "week", "later", "never"];
const list = () => one("#list");
const rows = () => all("#list > ul > li[id]");
const groups = () => all("ul[data-group]", list());
const top = (element) => element.getBoundingClientRect().top;

/* Rows that don't stand where they belong, by their ids: `where` is nowhere when the list has no place for them any more */
let astray = new Map();
let left = new Set(); // those that belong further down than the list is loaded

/** The list came anew: all stand where they belong. */
export function inOrder() {
  astray = new Map();
  left = new Set();
}

/** A row that is shown, or was, belongs there: `where` has the name of its group and what that is called, or is nothing. */
export function stand(row, where) {
  forget(row.id);
  if (!where) return void astray.set(row.id, {});
  if (isRight(row, where)) return;
  const spot = spotOf(row, where);
  const unseen = isHidden(row) && isOver(edge(spot));
  if (row.contains(document.activeElement) || (!unseen && isAimedAt())) astray.set(row.id, { row, where });
  else move(row, spot, where);
}

/** Whether a row left the list as it is loaded: it comes back as it went. */
export const hasLeft = (id) => left.has(id) || Boolean(astray.get(id)?.row);

/** A row that its reader may not see any more. */
export function forget(id) {
  astray.delete(id);
  left.delete(id);
}

/** A row that is new there, where that moves nothing in sight; whether it could. */
export function place(row, where) {
  if (one(".load-more", list())) return false;
  const spot = spotOf(row, where);
  if (!isLast(spot) && !(edge(spot) >= list().getBoundingClientRect().bottom)) return false;
  move(row, spot, where);
  return true;
}

/* Whoever has the hand at the mouse, there; who types on meanwhile doesn't press what lies under it */
let points = false;
let at;
document.addEventListener("pointermove", ({ pointerType, screenX, screenY, target }) => {
  const now = `${screenX} ${screenY}`;
  if (now !== at) aim(pointerType === "mouse" && Boolean(target.closest?.("#list"))); // else the list moved, not the mouse
  at = now;
});
document.documentElement.addEventListener("pointerleave", () => aim(false));
document.addEventListener("keydown", ({ key }) => ["Control", "Shift", "Alt", "Meta"].includes(key) || aim(false));
document.addEventListener("focusout", ({ target }) => target.closest?.("#list") && soon());
document.addEventListener("toggle", ({ target }) => target.closest?.("#row-menus") && soon(), true);
const isAimedAt = () => points || Boolean(one("#row-menus :popover-open"));
function aim(now) {
  if (points && !now) soon();
  points = now;
}
let timer;
function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    for (const [id, { row, where }] of [...astray]) if (where) stand(document.getElementById(id) ?? row, where);
  }, 200);
}

/* The list's order: by when they are due, else the newest first */
function isBefore(one, other, group) {
  const [id, otherId] = [one, other].map((row) => BigInt(row.id.slice(4)));
  if (!group) return id > otherId;
  const [due, otherDue] = [one, other].map((row) => Number(row.dataset.due || Infinity));
  return due === otherDue ? id < otherId : due < otherDue;
}
const inGroup = (name, but) => rows().filter((row) => row.parentElement.dataset.group === name && (row === but || !astray.has(row.id)));

function isRight(row, { group }) {
  if (!row.isConnected || row.parentElement.dataset.group !== group) return false;
  const those = inGroup(group, row);
  const here = those.indexOf(row);
  const [above, below] = [those[here - 1], those[here + 1]];
  return !(above && isBefore(row, above, group)) && !(below && isBefore(below, row, group));
}

/** Where a row belongs: in which list of a group, or in none yet, and before what. */
function spotOf(row, { group }) {
  const before = inGroup(group).find((other) => other.id !== row.id && isBefore(row, other, group));
  if (before) return { ul: before.parentElement, before };
  const own = groups().filter((each) => each.dataset.group === group);
  if (own.length) return { ul: own.at(-1), before: null };
  const after = groups().find((each) => ORDER.indexOf(each.dataset.group) > ORDER.indexOf(group));
  return { ul: null, before: after ? (headingOf(after) ?? after) : one(".load-more", list()) };
}
const headingOf = (ul) => (ul.previousElementSibling?.matches("h3") ? ul.previousElementSibling : null);
const isLast = ({ ul, before }) => (!before || before.matches(".load-more")) && (!ul || ul === groups().at(-1));
function edge({ ul, before }) {
  if (before) return top(before);
  return (ul ?? list().lastElementChild)?.getBoundingClientRect().bottom ?? top(list());
}

const isOver = (y) => y <= top(list()) || y >= list().getBoundingClientRect().bottom;
function isHidden(row) {
  const { top: above, bottom: below } = row.getBoundingClientRect();
  const box = list().getBoundingClientRect();
  return !row.isConnected || below <= box.top || above >= box.bottom;
}

/* What is read stays where it is, but at the top: there the first row is the most urgent one */
function move(row, spot, where) {
  const read = list().scrollTop > 0 && rows().find((each) => each !== row && each.getBoundingClientRect().bottom > top(list()));
  const was = read && top(read);
  if (isLast(spot) && one(".load-more", list())) {
    row.remove();
    left.add(row.id);
  } else (spot.ul ?? begun(spot.before, where)).insertBefore(row, spot.ul && spot.before);
  one(".empty", list())?.remove();
  count();
  if (read) list().scrollTop += top(read) - was;
}

/** A group that wasn't there. */
function begun(before, { group, heading }) {
  const ul = document.createElement("ul");
  Object.assign(ul.dataset, { group, heading });
  list().insertBefore(ul, before);
  if (!group) return ul;
  const title = document.createElement("h3");
  const words = document.createElement("span");
  const figure = document.createElement("span");
  title.className = "list-group";
  figure.className = "faint";
  words.textContent = heading;
  words.classList.toggle("late", group === "overdue");
  title.append(words, figure);
  list().insertBefore(title, ul);
  return ul;
}

function count() {
  for (const ul of groups()) {
    const title = headingOf(ul);
    const figure = title && one(".faint", title);
    if (figure) figure.textContent = ul.children.length;
    if (ul.children.length) continue;
    title?.remove();
    ul.remove();
  }
}
