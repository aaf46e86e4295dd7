/* Menus, dialogs, the palette and toasts. */
import { all, one, openId, raise, shown } from "./page.js";

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-open], [data-close]");
  if (!pressed) return;
  if ("close" in pressed.dataset) pressed.closest("dialog").close();
  else open(pressed.dataset.open);
});

export function open(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  if (id === "palette") startPalette();
}

/* A dialog that the server asked for opens as it comes, and is gone when it closes */
document.addEventListener("htmx:after:swap", () => {
  const dialog = one("#asking dialog[data-opens]");
  if (!dialog || dialog.open) return;
  closeMenus();
  dialog.showModal();
  dialog.addEventListener("close", () => one("#asking").replaceChildren());
});
document.addEventListener("submit", (event) => event.target.closest("#asking") && closeSoon());
document.addEventListener("click", (event) => event.target.closest("#asking button[form]") && closeSoon());
const closeSoon = () => setTimeout(() => one("#asking dialog")?.close(), 50);

/* A menu opens beside the button that opened it, and fetches what it shows late */
export const closeMenus = () => all("[popover]:popover-open").forEach((menu) => menu.hidePopover());
document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.("[popover]") || event.newState !== "open") return;
    for (const part of all("[data-lazy]:empty", menu)) part.dispatchEvent(new CustomEvent("opened"));
    place(menu);
    if (menu.contains(document.activeElement)) return; // this comes late: somebody quick has chosen, and writes
    (one("[autofocus]", menu) ?? one(".option, input:not([type=hidden]), select, button", menu))?.focus();
  },
  true,
);
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[popover] button:not([type=button]):not([popovertarget]), [popover] a");
  if (!chosen || chosen.closest("#me") || chosen.form?.checkValidity() === false) return; // the browser says what is missing in it
  setTimeout(closeMenus);
});
/* Where CSS can't anchor it: below its button, or above it where there is no room */
function place(menu) {
  if (CSS.supports("anchor-name: --menu")) return;
  const button = one(`[popovertarget="${menu.id}"]`);
  if (!shown(button)) return;
  const at = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = at.bottom + 4 + height <= innerHeight;
  menu.classList.add("placed");
  menu.attributeStyleMap?.clear();
  menu.style.setProperty("inset", "auto");
  menu.style.setProperty("top", `${Math.max(8, below ? at.bottom + 4 : at.top - height - 4)}px`);
  menu.style.setProperty("left", `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`);
}

/* Arrows walk through a menu; a digit or letter presses what shows it */
document.addEventListener("keydown", (event) => {
  const menu = all("[popover]:popover-open").at(-1); // one may have opened out of another
  if (!menu || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.startsWith("Arrow") && event.target.matches("[type=radio]")) return;
  const options = all(".option", menu).filter(shown);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && options.length) {
    event.preventDefault();
    const now = options.indexOf(document.activeElement);
    options.at(now < 0 && step < 0 ? -1 : (now + step) % options.length).focus();
  } else if (!event.target.matches("input:not([type=radio]), textarea, select")) {
    const chosen = all("[data-key]", menu).find((each) => each.dataset.key.split(" ").includes(event.key.toLowerCase()));
    if (chosen && shown(chosen)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      chosen.click();
    }
  }
});

/* Words narrow a long menu */
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-narrows]");
  if (!field) return;
  const words = field.value.toLowerCase();
  for (const option of all(".option", field.closest(".menu"))) {
    option.hidden = !option.textContent.toLowerCase().includes(words);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.closest?.("[data-narrows]")) return;
  event.preventDefault();
  all(".option", event.target.closest(".menu")).find(shown)?.click();
});

/* The palette: a list that words narrow; what matches nothing is searched for */
const palette = one("#palette");
const commands = () => all("[role=option]", palette).filter((option) => !option.hidden);
function choose(option) {
  for (const other of all("[role=option]", palette)) other.setAttribute("aria-selected", other === option);
  one("input", palette).setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}
function startPalette() {
  const field = one("input", palette);
  field.value = "";
  narrow();
  field.focus();
}
function narrow() {
  const words = one("input", palette).value.toLowerCase().split(/\s+/);
  for (const option of all("[role=option]", palette)) {
    const can = !option.dataset.presses || one(option.dataset.presses);
    option.hidden = !can || !words.every((word) => option.textContent.toLowerCase().includes(word));
  }
  choose(commands()[0]);
}
function run(option) {
  palette.close();
  if (!option) {
    const words = one("input", palette).value.trim();
    if (words) location.assign(`/inbox?q=${encodeURIComponent(words)}`);
  } else if (option.dataset.href) location.assign(option.dataset.href);
  else one(option.dataset.presses)?.click();
}
palette?.addEventListener("input", narrow);
palette?.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) run(option);
  else if (event.target === palette) palette.close();
});
palette?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const now = commands().findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (step && commands().length) {
    event.preventDefault();
    choose(commands()[(now + step + commands().length) % commands().length]);
  }
  if (event.key === "Enter") {
    event.preventDefault();
    run(commands()[now]);
  }
});

/* A toast goes by itself; while it says that something can be undone, Z undoes it, whatever else is said meanwhile */
document.addEventListener("htmx:after:swap", toasted);
export function toasted() {
  const toasts = all("#toast > [data-toast]");
  for (const toast of toasts.slice(0, -1)) if (!one("form", toast)) toast.remove();
  const toast = toasts.at(-1);
  if (!toast || "timed" in toast.dataset) return;
  toast.dataset.timed = "";
  setTimeout(() => toast.remove(), 1000 * Number(toast.dataset.toast));
}
/** Words of this page's own, said where answers are. */
export function toast(words, tone = "") {
  const made = document.createElement("div");
  Object.assign(made, { className: "toast", role: "alert", textContent: words });
  Object.assign(made.dataset, { toast: "12", tone });
  one("#toast").append(made);
  toasted();
}
/* What led here says once what came of it: not again when the page is loaded anew */
toasted();
if (new URLSearchParams(location.search).has("told")) {
  const here = new URL(location);
  here.searchParams.delete("told");
  history.replaceState(history.state, "", here);
}
/* What is taken back may be another conversation's than the one that stands in the page by now: there a form may stand, and
   in that of a new message words, on their way to be the draft that what is taken back would be */
const writes = () => (all('.compose [data-draft="new"]:not(select)').some((field) => field.value) ? "begun" : "form");
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.closest("#toast, #row-menus, #asking")) ctx.request.headers["X-Shows"] = one(".compose") ? writes() : (openId() ?? "");
});

/* Done with it, closed or waiting, by one's own change: focus goes to the next conversation of the list. After another
   answer or note it goes to the title, where keys do something */
const state = () => ["closed", "waits"].find((each) => each in (one("#thread-head")?.dataset ?? {})) ?? "";
const before = new WeakMap(); // as it was asked for: the event of one's own change may come before its answer
document.addEventListener("htmx:before:request", ({ detail }) => detail.ctx && before.set(detail.ctx, state()));
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!ctx?.response?.headers?.get("HX-Trigger")?.startsWith("changed-")) return;
  if (state() !== before.get(ctx)) raise("rail");
  if (state() && state() !== before.get(ctx)) {
    const row = one(`#row-${openId()} .row`);
    const rows = all("#list a.row");
    const next = rows[rows.indexOf(row) + 1] ?? row;
    (shown(next) ? next : one("#thread-title"))?.focus(); // on a phone the list isn't there
  } else if (ctx.target?.id === "composer" && !ctx.request.action.includes("/undo")) one("#thread-title")?.focus();
});
