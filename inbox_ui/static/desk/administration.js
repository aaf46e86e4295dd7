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
