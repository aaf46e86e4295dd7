/* The scripts of IT's pages. Everything on them can be done without. */
import { one, raise } from "./page.js";
import "./dialogs.js";
import "./line.js";

const EVERY = 30000;
const body = document.body;

/* A channel was added, changed, paused or resumed, or something may have been missed; figures are counted now and then */
for (const name of ["channel", "resync"]) {
  body.addEventListener(name, (event) => typeof event.detail?.data === "string" && raise("channels"));
}
setInterval(() => document.hidden || raise("channels"), EVERY);

/* The only single keys here: search, and take back what was just done */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || body.dataset.keys !== "on") return;
  if (event.target.matches("input, textarea, select") || one("dialog[open]")) return;
  const pressed = event.key === "/" ? one("#q") : event.key.toLowerCase() === "z" ? one('#toast [data-key="z"]') : null;
  if (!pressed) return;
  event.preventDefault();
  if (pressed.matches("input")) pressed.focus();
  else pressed.click();
});

/* A placeholder goes where the cursor is, and the preview hears of it */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-inserts]");
  const field = button && document.getElementById(button.dataset.into);
  if (!field) return;
  field.focus();
  if (!document.execCommand("insertText", false, button.dataset.inserts)) field.setRangeText(button.dataset.inserts);
});

/* Another source or kind of card has other fields: they are shown as soon as it is chosen */
document.addEventListener("change", (event) => {
  const chosen = event.target.closest("[data-saves]");
  const save = chosen?.form?.querySelector("[name=do][value=save]");
  if (save) chosen.form.requestSubmit(save);
});

/* As soon as the last of a source's words is written, there is room for one more */
document.addEventListener("input", (event) => {
  const last = event.target.closest(".codes > .line:last-child");
  if (!last || !event.target.name.endsWith("-theirs") || !event.target.value) return;
  const next = last.cloneNode(true);
  for (const field of next.querySelectorAll("[name]")) {
    const number = Number(field.name.match(/-(\d+)-\w+$/)[1]);
    field.name = field.name.replace(/-\d+(-\w+)$/, `-${number + 1}$1`);
    field.setAttribute("aria-label", field.getAttribute("aria-label").replace(String(number + 1), String(number + 2)));
    field.value = "";
  }
  last.after(next);
});

/* Each button sends the whole page: whoever pressed one, or Enter in a field, is where they were when it is back */
const AT = "editor-at";
document.addEventListener("submit", (event) => {
  if (event.target.id !== "definition") return;
  const { name, value, type } = document.activeElement;
  const among = type === "submit" || type === "radio" ? `[value="${CSS.escape(value)}"]` : "";
  sessionStorage.setItem(AT, JSON.stringify([location.pathname, name ? `[name="${CSS.escape(name)}"]${among}` : ""]));
});
const [path, was] = JSON.parse(sessionStorage.getItem(AT) ?? "[]");
sessionStorage.removeItem(AT);
(one("[data-focus]") ?? (path === location.pathname && was ? one(`${was}:not(.sr)`) : null))?.focus();
