/* The line that live events come by: said when it is off, and when it is on again. */
import { toast } from "./dialogs.js";
import { clock, one, raise } from "./page.js";

const body = document.body;
let soon;
let off; // since when
export function line(isOn) {
  const chip = one("#line-state");
  if (!chip) return;
  clearTimeout(soon);
  if (!isOn) {
    off ??= clock();
    soon = setTimeout(() => show(chip, "off", "warn"), 1000);
  } else {
    off = undefined;
    if (!isOff()) return;
    show(chip, "back", "ok");
    soon = setTimeout(() => (chip.hidden = true), 4000);
  }
}
/** Whether it is said to be off. */
export const isOff = () => Boolean(one('#line-state[data-tone="warn"]:not([hidden])'));
function show(chip, words, tone) {
  chip.hidden = false;
  chip.dataset.tone = tone;
  one("button", chip).hidden = tone !== "warn";
  one("span", chip).textContent = chip.dataset[words].replace("{time}", off);
}
body.addEventListener("htmx:sse:after:connection", () => (line(true), listen()));
body.addEventListener("htmx:sse:after:message", listen);
/* Something comes every ten seconds, if only a ping. What stays silent longer is dead, though nobody took leave */
const SILENT = 25_000;
let silent;
function listen() {
  clearTimeout(silent);
  silent = setTimeout(() => !document.hidden && (line(false), again()), SILENT);
}
body.addEventListener("htmx:sse:error", (event) => {
  if (leaves) return;
  if (event.detail.status === 401 || event.detail.status === 403) location.reload();
  line(false);
});
body.addEventListener("htmx:sse:close", () => {
  if (document.hidden) return;
  line(false);
  setTimeout(() => raise("listen-again"), 3000);
});
/* Who signs out goes to the page that says so: what the screen asks for meanwhile is refused, and would lead elsewhere */
let leaves = false;
document.addEventListener("submit", ({ target }) => (leaves ||= target.id === "log-out"));
addEventListener("pageshow", () => (leaves = false));
for (const name of ["htmx:before:request", "htmx:before:response"]) {
  document.addEventListener(name, (event) => leaves && event.preventDefault());
}
addEventListener("offline", () => line(false));
/* Back on the network, or asked to: at once, not when the next attempt would be due, and anew, for who knows what was
   missed */
addEventListener("online", again);
one("#line-state button")?.addEventListener("click", again);
function again() {
  const stream = body._htmx?.sse; // where hx-sse keeps it; it may have told of it before this script was here
  stream?.delayCanceller?.();
  stream?.reader?.cancel();
  raise("listen-again");
}
document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (ctx?.sourceElement === body) {
    line(false);
    setTimeout(() => raise("listen-again"), 3000);
  } else if (ctx && !ctx.response && ctx.sourceElement?.matches("a, button, form, #list")) unreached();
});

/* What somebody pressed came to nothing: it is said where answers are */
export const unreached = () => toast(one("#line-state").dataset.unreached, "late");
