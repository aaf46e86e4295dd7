/* The line that live events come by: said when it is off, and when it is on again. */
import { toast } from "./dialogs.js";
import { one, raise } from "./page.js";

const body = document.body;
let soon;
export function line(isOn) {
  const chip = one("#line-state");
  if (!chip) return;
  clearTimeout(soon);
  if (!isOn) soon = setTimeout(() => show(chip, "off", "warn"), 1000);
  else if (isOff()) {
    show(chip, "back", "ok");
    soon = setTimeout(() => (chip.hidden = true), 4000);
  }
}
/** Whether it is said to be off. */
export const isOff = () => Boolean(one('#line-state[data-tone="warn"]:not([hidden])'));
function show(chip, words, tone) {
  chip.hidden = false;
  chip.dataset.tone = tone;
  one("span", chip).textContent = chip.dataset[words];
}
body.addEventListener("htmx:sse:after:connection", () => line(true));
body.addEventListener("htmx:sse:error", (event) => {
  if (event.detail.status === 401 || event.detail.status === 403) location.reload();
  line(false);
});
body.addEventListener("htmx:sse:close", () => {
  if (document.hidden) return;
  line(false);
  setTimeout(() => raise("listen-again"), 3000);
});
addEventListener("offline", () => line(false));
/* Back on the network: at once, not when the next attempt would be due, and anew, for who knows what was missed */
addEventListener("online", () => {
  const stream = body._htmx?.sse; // where hx-sse keeps it; it may have told of it before this script was here
  stream?.delayCanceller?.();
  stream?.reader?.cancel();
  raise("listen-again");
});
document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (ctx?.sourceElement === body) {
    line(false);
    setTimeout(() => raise("listen-again"), 3000);
  } else if (ctx && !ctx.response && ctx.sourceElement?.matches("a, button, form, #list")) unreached();
});

/* What somebody pressed came to nothing: it is said where answers are */
export const unreached = () => toast(one("#line-state").dataset.unreached, "late");
