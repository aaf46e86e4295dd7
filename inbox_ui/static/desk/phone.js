/* The telephone: how its queues stand, and the call that rings. It takes no focus, and is said once. */
import { all, one, shown } from "./page.js";
import { line } from "./line.js";
import { paced } from "./pace.js";

/* Both are told by events that carry ids; what they mean for who looks here the server says. What rings to one doesn't wait
   long, however thick the news of the queues come */
const ask = paced(renew, { soon: 60, longest: 2000 });
const RINGS = 500;
for (const [name, within] of [["ring", RINGS], ["phone"], ["resync"]]) {
  document.body.addEventListener(name, (event) => typeof event.detail?.data === "string" && ask(name, within));
}
/* A call that nobody told the end of, and colleagues who went home: looked at now and then */
setInterval(() => document.hidden || one("#phone:not([hidden])") === null || ask("now and then"), 60000);

async function renew() {
  const answer = await fetch(`/phone${location.search}`, { headers: { "HX-Request": "true" } }).catch(() => line(false));
  if (answer?.ok) {
    const came = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["phone", "callpop-place"]) place(id, came);
    const presence = one("#presence");
    if (presence && !presence.contains(document.activeElement)) place("presence", came);
    tell();
  }
}

/* What is the same stays, so that nothing loses the focus */
function place(id, came) {
  const [was, is] = [document.getElementById(id), came.getElementById(id)];
  if (!was || !is || same(was) === same(is)) return;
  const focused = was.contains(document.activeElement) && document.activeElement.id;
  const fresh = document.importNode(is, true);
  was.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (focused) document.getElementById(focused)?.focus();
}
const same = (part) => {
  const copy = part.cloneNode(true);
  for (const time of all("time", copy)) time.textContent = "";
  for (const field of all("[name=_csrf_token]", copy)) field.remove();
  for (const part of all("[hidden]", copy)) part.removeAttribute("hidden");
  return copy.outerHTML.replace(/ data-sla="late"/g, "").replace(/ data-htmx-powered="true"/g, "");
};

/* Said once for each call, to whoever listens instead of looking. One that is answered opens its view */
const KEY = "torg-call-said";
const NOT_NOW = "torg-call-not-now";
document.addEventListener("click", (event) => {
  if (!event.target.closest("#not-now")) return;
  sessionStorage.setItem(NOT_NOW, one("#callpop").dataset.entry);
  tell();
});
function tell() {
  const pop = one("#callpop");
  if (!pop) return;
  const { entry, address, said } = pop.dataset;
  const isHere = location.pathname === address;
  /* Whoever says not now sees it no more; it goes on ringing at the others, and in the strip */
  pop.hidden = isHere || sessionStorage.getItem(NOT_NOW) === entry;
  if (one("#not-now")) one("#not-now").hidden = false;
  if ("answered" in pop.dataset) {
    if (!isHere && sessionStorage.getItem(KEY) !== `${entry} opened`) {
      sessionStorage.setItem(KEY, `${entry} opened`);
      location.assign(address);
    }
  } else if (!(sessionStorage.getItem(KEY) ?? "").startsWith(entry)) {
    sessionStorage.setItem(KEY, entry);
    one("#said-now").textContent = said;
  }
}
tell();

/* What rings makes itself room: in the panel, or above the page. What somebody has scrolled to stays where it is all the same */
const rings = one("#rings");
let [room, inPanel] = [0, false];
new ResizeObserver(() => {
  const [above, more] = [rings.offsetHeight, rings.offsetHeight - room];
  if (above) inPanel = rings.getBoundingClientRect().bottom > one("#main").getBoundingClientRect().top + 1;
  room = above;
  document.body.style.setProperty("--rings", `${above}px`);
  for (const each of all(inPanel ? "#panel .scroll" : "main.page, main .scroll")) {
    const isLowest = each.scrollTop >= each.scrollHeight - each.clientHeight - 1;
    if (each.scrollTop && (more > 0 || !isLowest)) each.scrollTop += more;
  }
}).observe(rings);

/* A call is answered before a chat is taken, one that rings before one that is only open, and then who wrote is looked at */
const KEYS = { F2: ["#answer", "#ringing [data-kind=answer]", "#take-chat", "#turns a"], F3: ["#hold"], F4: ["#transfer"], F9: ["#hang-up"] };
document.addEventListener("keydown", (event) => {
  const buttons = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && KEYS[event.key];
  const button = buttons && buttons.map((each) => one(each)).find(shown);
  if (!button) return;
  event.preventDefault();
  button.click();
});
