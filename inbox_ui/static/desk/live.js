/* Live: events carry ids; the parts that show them listen on the body and fetch themselves. */
import { all, nameDaysOnce, one, openId, raise, say, token } from "./page.js";
import { isOff, line } from "./line.js";
import { catchUp, heard, renew, renewShown } from "./list.js";
import { paced } from "./pace.js";

const idsOf = (event) => JSON.parse(event.detail.data || "{}");
const body = document.body;

for (const name of ["row", "entry", "turn", "delivery", "presence", "typing", "glass", "chat"]) {
  body.addEventListener(name, (event) => {
    if (typeof event.detail?.data !== "string") return;
    const { id, entry } = idsOf(event);
    if (name === "row") {
      raise(`row-${id}`);
      renew(id);
      countSoon();
    } else if (name === "entry" && entry && document.getElementById(`entry-${entry}`)) return;
    else if (name === "turn") heard(id);
    else if (name === "glass") raise("glass-broken");
    else if (name === "delivery") renewEntry(id, entry);
    else if (name === "typing") {
      raise(`presence-${id}`);
      renewShown(id);
    } else raise(`${name}-${id}`);
  });
}

/* How far an answer is on its way, or that it was taken back: that alone, for what somebody opened in it stays open */
async function renewEntry(id, entry) {
  if (openId() !== id || !document.getElementById(`entry-${entry}`)) return;
  const answer = await fetch(`/conversations/${id}/entries/${entry}`, { headers: { "HX-Request": "true" } }).catch(() => line(false));
  if (!answer?.ok) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  const old = document.getElementById(`entry-${entry}`);
  const [was, is] = [document, now].map((page) => page.getElementById(`deliveries-${entry}`));
  if (!old || !was || !is || was.isEqualNode(is)) return;
  was.replaceWith(document.importNode(is, true));
  old.toggleAttribute("data-undone", now.getElementById(`entry-${entry}`).hasAttribute("data-undone"));
}

/* Something may have been missed: everything shown is fetched again. They come two or three at once */
const fetchAgain = paced(
  () => {
    const id = openId();
    if (id) {
      raise(`row-${id}`);
      raise(`entry-${id}`);
      raise(`chat-${id}`);
    }
    raise("ringing");
    catchUp();
    countSoon();
  },
  { soon: 100, longest: 5000 },
);
body.addEventListener("resync", (event) => typeof event.detail?.data === "string" && fetchAgain());

/* One's own change: what it touched is fetched at once, should the line be down */
document.addEventListener("htmx:after:swap", (event) => {
  const trigger = event.detail.ctx?.hx?.trigger ?? event.detail.ctx?.response?.headers?.get?.("HX-Trigger");
  const id = /^changed-(\d+)$/.exec(trigger ?? "")?.[1];
  if (!id) return;
  raise(`entry-${id}`);
  const action = event.detail.ctx.request?.action ?? "";
  const undone = /\/replies\/(\d+)\/undo/.exec(action)?.[1];
  if (undone) renewEntry(id, undone);
  if (action.includes("/deliveries/")) {
    const asked = all('#timeline [form="arrived-form"], #timeline [form="again-form"]').map((button) => button.closest(".event"));
    for (const entry of new Set(asked)) renewEntry(id, entry.id.replace("entry-", ""));
  }
  countSoon();
  if (isOff()) {
    raise(`row-${id}`);
    renew(id);
  }
});

/* The hub counts once a second: asked later than that after the last change, it has counted all of them */
const COUNTED = 1050;
let latest = 0;
const count = paced(
  () => {
    raise("rail");
    if (Date.now() - latest < COUNTED) count();
  },
  { soon: 1200, longest: 4000 },
);
function countSoon() {
  latest = Date.now();
  count();
}

/* Over the list stands the figure that the rail has for it */
document.addEventListener("htmx:after:swap", (event) => {
  const total = event.detail.ctx?.target?.id === "rail" && one("#total");
  if (total) total.textContent = one("#rail .nav-link[aria-current] .count")?.textContent ?? "0";
});

/* Entries come once */
document.addEventListener("htmx:after:swap", (event) => {
  if (!event.detail.ctx?.request?.action?.includes("/newer")) return;
  const seen = new Set();
  for (const entry of all("#timeline > .event[id]")) {
    if (seen.has(entry.id)) entry.remove();
    seen.add(entry.id);
  }
  nameDaysOnce();
  const newest = all("#timeline > .event").at(-1);
  if (newest && !("ours" in newest.dataset)) say(one(".who", newest)?.textContent ?? "");
});

/* Who reads or types: a sign while the page is seen */
let typed = 0;
function sign(state) {
  const id = openId();
  if (!id || !one("#history") || document.hidden) return;
  fetch(`/conversations/${id}/presence`, {
    method: "POST",
    body: new URLSearchParams({ state }),
    headers: { ...token(), "HX-Request": "true" },
  }).catch(() => line(false));
}
setInterval(() => sign("reading"), 20000);
document.addEventListener("desk:opened", () => sign("reading"));
document.addEventListener("submit", () => (typed = 0)); // sent: the next letter is a sign again
document.addEventListener("input", (event) => {
  const composer = event.target.closest("[data-composer]");
  // In a chat the citizen is told who types: to them, then, and not a note
  if (!composer || (one(".for-chat", composer) && composer.dataset.mode !== "chat") || Date.now() - typed < 4000) return;
  typed = Date.now();
  sign("typing");
});
sign("reading");
