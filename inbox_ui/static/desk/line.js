/* The line that live events come by: said when it is off, and when it is on again. */
import { one, raise, say } from "./page.js";

const body = document.body;
let off;
export function line(isOn) {
  const chip = one("#line-state");
  if (!chip) return;
  clearTimeout(off);
  if (isOn && !chip.hidden) say(chip.dataset.back);
  if (isOn) chip.hidden = true;
  else off = setTimeout(() => (chip.hidden = false), 1000);
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
addEventListener("online", () => raise("listen-again"));
document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx?.sourceElement !== body) return;
  line(false);
  setTimeout(() => raise("listen-again"), 3000);
});
