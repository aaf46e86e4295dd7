/* What every script asks of the page, and the small things of a page: tabs, themes, panes, frames, words said. */
export const one = (selector, inside = document) => inside.querySelector(selector);
export const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
export const shown = (element) => element?.checkVisibility({ visibilityProperty: true }) ?? false;

/** Raises an event that parts of the page listen to on the body: `row-4711`, `entry-4711`, `rail`. */
export const raise = (name) => document.body.dispatchEvent(new CustomEvent(name));

/** Says it once, politely, to whoever listens instead of looking. */
export const say = (words) => {
  const place = one("#said");
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = words));
};

/** What requests of ours carry besides cookies. */
export const token = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"));

/** Seconds by the server's clock, which says when it saved what: this computer's may be wrong by hours. The server looked
    at its own once it was asked; counted from its answer, what is typed right after a save would seem older than that. */
const asked = performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.requestStart ?? 0);
export const now = () => (Number(document.body.dataset.now) / 1000 + Date.now() - asked) / 1000;

/* As all other times of the page: in its language, where the municipality is */
const times = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: document.body.dataset.zone,
});
/** The time of day. */
export const clock = () => times.format(now() * 1000);

export const isMac = /mac|iphone|ipad/i.test(navigator.platform);
const marks = (inside) =>
  all("kbd[data-mod]", inside).forEach((key) => (key.textContent = (isMac ? "⌘" : "Ctrl ") + key.dataset.mod));

/** The id of the conversation that stands in the page, or nothing. */
export const openId = () => one("#thread")?.dataset.id;

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-pane-to], [data-theme-toggle], [data-print], [data-shows], [data-dismiss]");
  if (!pressed) return;
  const { paneTo, shows } = pressed.dataset;
  if (paneTo && paneTo !== "list") one(".workspace").dataset.pane = paneTo;
  if ("themeToggle" in pressed.dataset) switchTheme();
  if ("print" in pressed.dataset) print(pressed.dataset.print);
  if ("dismiss" in pressed.dataset) pressed.closest("[data-toast]").remove();
  if (shows) {
    const part = document.getElementById(shows);
    part.hidden = !part.hidden;
    pressed.setAttribute("aria-expanded", !part.hidden);
    if (!part.hidden) one("input", part)?.focus();
  }
});

/* Of a row: it is opened first */
async function print(id) {
  const open = { source: "#list", target: "#thread", swap: "outerHTML", push: "true" };
  if (id !== openId()) await window.htmx.ajax("GET", `/conversations/${id}${location.search}`, open);
  window.print();
}

/* A form that takes its page along is sent once: two presses of "Take next" would take two. One that htmx sends has a
   version or a key that says so to the server; one that answers with a file may be sent again */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if ("sent" in form.dataset) return event.preventDefault();
  form.dataset.sent = "";
  setTimeout(() => delete form.dataset.sent, 3000);
});

/* Where one pane is shown at a time, the panel takes the conversation's place */
document.addEventListener("change", (event) => {
  if (event.target.id !== "panel-toggle" || !isNarrow()) return;
  event.target.checked = false;
  one(".workspace").dataset.pane = "panel";
});
const isNarrow = () => getComputedStyle(one(".btn.only-narrow")).display !== "none";

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
}

/* Tabs: arrows move between them */
function pick(tab) {
  for (const other of all("[role=tab]", tab.closest("[data-tabs]"))) {
    other.setAttribute("aria-selected", other === tab);
    other.tabIndex = other === tab ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = other !== tab;
  }
}
document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-tabs] [role=tab]");
  if (tab) pick(tab);
});
document.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const tab = event.target.closest?.("[data-tabs] [role=tab]");
  if (!step || !tab) return;
  const tabs = all("[role=tab]", tab.parentElement);
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  pick(next);
  next.focus();
});

/* A mail's frame is fetched when somebody opens it, and as high as what is in it may be */
document.addEventListener(
  "toggle",
  (event) => {
    const frame = event.target.matches?.("details.html[open]") && one("iframe[data-src]", event.target);
    if (frame) {
      frame.src = frame.dataset.src;
      frame.removeAttribute("data-src");
    }
  },
  true,
);

/* What is revealed is covered when its time is over, be the server out of reach or the computer asleep till then; the
   rest of its row comes when it can */
document.addEventListener("htmx:after:swap", () => {
  for (const point of all("[data-revealed]:not([data-until])")) {
    const seconds = Number(point.dataset.revealed);
    point.dataset.until = Date.now() + 1000 * seconds;
    setTimeout(cover, 1000 * seconds + 20);
  }
});
function cover() {
  for (const point of all("[data-until]")) {
    if (Date.now() < Number(point.dataset.until)) continue;
    one(".num", point).textContent = "••••••";
    point.dispatchEvent(new CustomEvent("cover"));
  }
}
document.addEventListener("visibilitychange", cover);
document.body.addEventListener("resync", cover);

/* Parts that came: marks of keys, the newest entry in sight, focus on the title of what was opened */
const history = () => one("#history");
const newest = () => all("#timeline > .event").at(-1);
const isNewer = (ctx) => ctx?.request?.action?.includes("/newer");
let last; // before more came
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => isNewer(ctx) && (last = newest()));
const toNewest = () => history() && (history().scrollTop = history().scrollHeight);
document.addEventListener("htmx:after:swap", (event) => {
  marks(document);
  const target = event.detail.ctx?.target;
  if (target?.id === "thread" || !target) arrive();
  // What one wrote oneself comes into sight; what others write moves nothing, nor does asking whether there is any.
  else if (isNewer(event.detail.ctx) && newest() !== last && newest()?.matches("[data-mine]")) toNewest();
});

/* What had the focus is gone with the part that was replaced: what one writes in has it then, if it was a file's mark
   there, else the conversation's title; not nothing */
let focused;
let row; // the last one in focus
let above; // what stands before a focused "Load more": what comes in its place follows that
document.addEventListener("focusin", ({ target }) => {
  focused = target;
  row = target.closest("#list li[id]")?.id ?? row;
  above = target.matches(".load-more") ? target.previousElementSibling : null;
});
document.addEventListener("htmx:after:swap", () => {
  if (document.activeElement !== document.body || !focused || shown(focused)) return;
  const came = focused.matches(".load-more") && (all("a.row").find((row) => above && isAfter(above, row)) ?? history());
  const field = focused.closest(".tray") && all("[data-composer] textarea").find(shown);
  const listed = focused.closest("#picked, .row, .row-more, .pick") && (one(`#${row} a.row`) ?? one("#list a.row"));
  (came || field || listed || one("#thread-title"))?.focus({ preventScroll: true });
});
const isAfter = (one, other) => !one.contains(other) && one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;

/* Older entries come above what is read: that stays where it is, whatever else is asked for meanwhile */
const isOlder = (ctx) => ctx?.request?.action?.includes("/older");
const topOf = (entry) => entry.getBoundingClientRect().top;
let read; // the oldest entry so far, and where it was
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const oldest = isOlder(ctx) && one("#timeline > .event");
  if (oldest) read = { oldest, at: topOf(oldest) };
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!isOlder(ctx)) return;
  nameDaysOnce();
  if (read?.oldest.isConnected) history().scrollTop += topOf(read.oldest) - read.at;
});
/** Parts of a timeline that came one by one. */
export function nameDaysOnce() {
  let before;
  for (const day of all("#timeline > .day")) {
    if (day.dataset.day === before) day.remove();
    else before = day.dataset.day;
  }
}

/** A conversation was opened: its newest entry in sight, its title in focus, its pane in front. */
export function arrive() {
  one(".workspace").dataset.pane = openId() || one(".compose") ? "thread" : "list"; // what isn't shown can't scroll
  toNewest();
  const field = one(".compose [autofocus]");
  (field ?? one("#thread-title"))?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("desk:opened"));
}

/* Back and forward: what stood beside the list comes back; the list stays where it is, and so do the stream and the rest */
document.addEventListener("htmx:before:history:restore", (event) => {
  if (!one("#list")) return;
  event.preventDefault();
  window.htmx.ajax("GET", event.detail.path, {
    source: "#list",
    target: "#thread",
    swap: "outerHTML",
    select: "#thread",
    selectOOB: "#panel",
    headers: { "HX-History-Restore-Request": "true" },
  });
});
document.addEventListener("htmx:response:error", (event) => {
  if (event.detail.ctx.request.headers["HX-History-Restore-Request"]) location.reload(); // it is there no more
});

for (const field of all("[data-here]")) field.value = location.pathname + location.search;
marks(document);
toNewest();
