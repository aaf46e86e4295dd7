/* Rows picked with X or their box: what the bar above the list does is done to all of them. And what stands beside the
   row that is pointed at: its box, and a button for what can be done with it without opening it. */
import { all, one, openId, raise, say } from "./page.js";
import { isOff } from "./line.js";
import { renew } from "./list.js";

const picked = new Set();
let asking; // what can be done with them
let turn = 0;
let tools; // one button for all rows, beside the one that is pointed at: a page has hundreds

const idOf = (item) => item.id.slice(4);
const nameOf = (item) => one(".who", item)?.textContent ?? "";
const itemOf = (target) => target.closest?.("#list li[id]:not([data-masked])");
const part = (selector, item) => {
  const made = one(selector, one("#row-tools").content).cloneNode(true);
  const said = made.matches("[data-words]") ? made : one("[data-words]", made);
  said.setAttribute("aria-label", said.dataset.words.replace("{name}", nameOf(item)));
  return made;
};

function stand(item) {
  if (!item || !one("#row-tools") || one("#m-row:popover-open")) return;
  const left = tools?.closest("li");
  tools = one(".row-more", item) ?? more(item);
  box(item);
  if (left && left !== item) tidy(left);
}
/* What nobody needs there any more goes, but not from under the focus: then once that has moved on */
function tidy(item) {
  const stays = item.contains(tools);
  for (const each of all(".row-more, .pick", item)) {
    if (stays || (each.matches(".pick") && picked.has(idOf(item)))) continue;
    if (!each.contains(document.activeElement)) each.remove();
    else each.addEventListener("focusout", () => setTimeout(() => tidy(item)), { once: true });
  }
}
/* A row that comes anew keeps them, and with them the focus, a press that has begun, and a menu beside them */
document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const { target, fragment, swapSpec } of tasks ?? []) {
    const now = swapSpec?.style === "outerMorph" && target?.id?.startsWith("row-") && fragment.firstElementChild;
    if (!now || "masked" in now.dataset) continue;
    if (one(".pick", target)) box(now);
    if (one(".row-more", target)) more(now);
    if (!target.contains(tools)) setTimeout(() => tidy(document.getElementById(target.id) ?? now)); // as soon as the focus has moved on
  }
});
/* It went with its row, as when the list is another one: an open menu goes on standing beside it */
function standAgain() {
  const same = tools && one("#m-row:popover-open") && document.getElementById(tools.dataset.row);
  if (!same) return stand(itemOf(one("#list li[id]:hover") ?? document.activeElement));
  box(same);
  same.append(tools);
}
function box(item) {
  if (!one(".pick", item)) one("a.row", item).after(part(".pick", item));
}
function more(item) {
  const button = item.appendChild(part(".row-more", item));
  button.dataset.row = item.id;
  return button;
}
document.addEventListener("pointerover", (event) => stand(itemOf(event.target)));
/* The focus that a row gets because what had it came anew takes nothing from under the mouse */
document.addEventListener("focusin", ({ target }) => {
  if (target.matches(":focus-visible") || !one("#list li[id]:hover")) stand(itemOf(target));
});

/** Picks a row, or lets it go. */
export function pick(row) {
  const item = itemOf(row);
  if (!item) return;
  const id = idOf(item);
  if (!picked.delete(id)) picked.add(id);
  paint();
  ask();
}
/** Lets all go; whether there were any. */
export function pickNone() {
  const any = picked.size > 0;
  picked.clear();
  paint();
  one("#picked")?.replaceChildren();
  return any;
}
document.addEventListener("change", (event) => event.target.closest(".pick") && pick(event.target));
document.addEventListener("click", (event) => event.target.closest("[data-picks-none]") && pickNone());

function paint() {
  for (const item of all("#list li[id]")) {
    const is = picked.has(idOf(item));
    if (!is && !("picked" in item.dataset) && !one(".pick", item)) continue;
    if (is) box(item);
    item.toggleAttribute("data-picked", is);
    const field = one(".pick input", item);
    if (field) field.checked = is;
    if (is) one("a.row", item).setAttribute("aria-describedby", "is-picked");
    else one("a.row", item).removeAttribute("aria-describedby");
    if (!is) tidy(item);
  }
}

/* What can be done with them is asked each time: it depends on them, and on what they are by now */
function ask() {
  later = false;
  asking = askOnce(++turn);
}
/* Not from under who chooses or writes in a menu of the bar: what was changed since they saw it stays as it is anyway */
let later; // once that is closed
const isChoosing = () => one("#picked :popover-open") && (later = true);
document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx?.target?.id === "picked" && isChoosing()) event.preventDefault();
});
document.addEventListener("toggle", (event) => event.target.closest?.("#picked") && event.newState === "closed" && later && ask(), true);
async function askOnce(mine) {
  await new Promise((done) => setTimeout(done, 60)); // they come several at once
  if (mine !== turn) return;
  if (!picked.size) return one("#picked")?.replaceChildren();
  if (isChoosing()) return;
  const address = new URL(one("#news").getAttribute("hx-get"), location.href);
  address.pathname = "/inbox/picked";
  address.searchParams.set("ids", [...picked].join());
  await window.htmx.ajax("GET", address.pathname + address.search, { source: "#picked", target: "#picked", swap: "innerHTML" });
}
/** Presses what the bar has for a key, once it is there; whether there is anything picked for it to be done to. */
export function pressPicked(key) {
  if (!picked.size || !"aehw".includes(key)) return false;
  (async () => {
    for (let seen; seen !== asking; await seen) seen = asking;
    one(`.picks [data-key="${key}"]`)?.click();
  })();
  return true;
}
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.id !== "picked") return;
  picked.delete([...picked].at(-1)); // one more than can be
  paint();
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const acted = ctx?.request?.method === "POST" && ctx.request.action.startsWith("/inbox/picked");
  const before = [...picked];
  if (acted || ctx?.target?.id === "picked") {
    const known = one("#picked [data-ids]")?.dataset.ids.split(",") ?? [];
    const meant = acted ? before : new URL(ctx.request.action, location.href).searchParams.get("ids").split(",");
    for (const id of meant) if (!known.includes(id)) picked.delete(id); // others have been picked since
    const words = one("#picked [data-says]")?.textContent;
    if (words && !acted) say(words);
  }
  if (acted && isOff()) {
    for (const id of before) {
      renew(id);
      if (id === openId()) raise(`row-${id}`);
    }
    raise("rail");
  }
  if (!tools?.isConnected) standAgain();
  if (acted) turn++; // what was asked before that is out of date
  if (!picked.size) {
    one("#picked")?.replaceChildren();
    return paint();
  }
  for (const id of picked) if (!document.getElementById(`row-${id}`)) picked.delete(id);
  paint();
  // It is another one by now, or the bar went with its list: what is decided is decided on what is seen.
  const renewed = ctx?.target?.id?.startsWith("row-") && picked.has(idOf(ctx.target));
  if (renewed || picked.size < before.length || !one("#picked [data-ids]")) ask();
});

/** The menu of a row, beside its button. */
export async function rowMenu(row) {
  const item = itemOf(row);
  if (!item) return;
  await window.htmx.ajax("GET", `/conversations/${idOf(item)}/actions${location.search}`, { source: "#row-menus", target: "#row-menus", swap: "innerHTML" });
  const now = document.getElementById(item.id); // the row may have come anew meanwhile
  stand(now);
  const [menu, button] = [one("#m-row"), now && one(".row-more", now)];
  if (!menu || !button) return;
  button.focus();
  menu.showPopover({ source: button });
}
document.addEventListener("click", (event) => {
  const button = event.target.closest(".row-more");
  if (!button) return;
  event.preventDefault(); // the menu isn't there yet
  rowMenu(button);
});
