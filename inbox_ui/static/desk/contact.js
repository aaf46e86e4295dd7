/* A call or a visit: several questions in one form, what is filled in is kept, the time runs. */
import { all, clock, one, now, token } from "./page.js";
import { line } from "./line.js";

const form = () => one("#registration");
const chosen = (name) => one(`[name="${name}"]:checked`, form());

/* --- Questions: those that aren't in focus wait in hidden fields, `topic|outcome|cause|matter` */
const UNSAID = "?"; // should not have been needed, and why isn't chosen yet
const topicOf = () => (chosen("topic")?.value === "other" ? one("#topic-other").value : (chosen("topic")?.value ?? ""));
const lineOf = () =>
  [topicOf(), chosen("outcome")?.value ?? "", one("#avoidable").checked ? (chosen("cause")?.value ?? UNSAID) : "", one("[name=matter]", form()).value].join("|");
const topicWords = () => {
  const radio = chosen("topic");
  if (radio?.value === "other") return one("#topic-other").selectedOptions[0]?.textContent ?? "";
  return one("span", radio?.closest("label") ?? document)?.textContent ?? "";
};

/* What a question looks like, by how it ended */
function chip(said) {
  const mark = one("#question-marks").content.querySelector(`[data-mark="${said.split("|")[1]}"]`);
  const button = mark.firstElementChild.cloneNode(true);
  one("[data-topic]", button).replaceWith(topicWords() || button.dataset.unnamed);
  return button;
}

/* The question in focus becomes one that waits */
function put() {
  const said = lineOf();
  if (said === "|||") return false;
  const item = document.createElement("li");
  const button = chip(said);
  button.dataset.question = said;
  item.append(button);
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "q", value: said });
  item.append(field);
  one("#question-now").before(item); // in the order in which they were asked
  return true;
}

/* The form is that question's: empty, a new one's */
function show(said) {
  const [topic, outcome, cause, matter] = said.split("|");
  for (const radio of all("[name=topic], [name=outcome], [name=cause]", form())) radio.checked = false;
  const own = one(`[name=topic][value="${topic}"]`, form());
  if (own) own.checked = true;
  else if (topic && one("#topic-other")) {
    one('[name=topic][value="other"]', form()).checked = true;
    one("#topic-other").value = topic;
  }
  if (outcome) one(`[name=outcome][value="${outcome}"]`, form()).checked = true;
  one("#avoidable").checked = Boolean(cause);
  if (cause && cause !== UNSAID) one(`[name=cause][value="${cause}"]`, form()).checked = true;
  one("[name=matter]", form()).value = matter;
  parts();
}

/* What any of the questions needs is asked for, whichever has the focus */
function parts() {
  const outcomes = [chosen("outcome")?.value, ...all("[name=q]", form()).map((field) => field.value.split("|")[1])];
  form().toggleAttribute("data-handed", outcomes.includes("handed_over"));
  form().toggleAttribute("data-open", outcomes.includes("not_finished"));
  const here = one("#question-now");
  here.hidden = !topicOf();
  const button = chip(lineOf());
  button.setAttribute("aria-current", "true");
  delete button.dataset.question;
  delete button.dataset.key;
  here.replaceChildren(button);
}

document.addEventListener("click", ({ target }) => {
  const other = target.closest("[data-question]");
  if (other) {
    const said = other.dataset.question;
    other.closest("li").remove();
    put();
    show(said);
    (one("#question-now:not([hidden]) button") ?? one(".topic input", form()))?.focus(); // what had the focus is gone
    later();
  } else if (target.closest("[data-adds]") && put()) {
    show("|||");
    one(".topic input", form())?.focus();
    later();
  }
});

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches("[data-submits]")) return target.form.requestSubmit();
  if (!target.closest("#registration")) return;
  parts();
  const then = target.dataset.then && one(target.dataset.then);
  if (then && event.isTrusted) then.focus();
  if (target.id === "avoidable" && target.checked && !chosen("cause")) one("[name=cause]", form()).focus();
  later();
});

/* Whoever is among the causes means one of them by a number, not a topic */
window.addEventListener("keydown", (event) => {
  const among = event.target.closest?.(".causes");
  if (!among || !/^[1-9]$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  const radio = all("[name=cause]", among)[event.key - 1];
  radio?.focus();
  radio?.click();
}, true);

/* --- What is filled in is kept, two seconds after */
let soon;
function later() {
  clearTimeout(soon);
  soon = setTimeout(keep, 2000);
}
document.addEventListener("input", ({ target }) => target.closest("#registration") && later());
async function keep() {
  if (!form()) return;
  const answer = await fetch(form().dataset.keeps, { method: "POST", body: new URLSearchParams(new FormData(form())), headers: { ...token(), "HX-Request": "true" } }).catch(() => line(false));
  const saved = one("#saved");
  if (saved) saved.textContent = answer?.ok ? document.body.dataset.saved.replace("{time}", clock()) : document.body.dataset.unsaved;
}
/* Registered, nothing is kept after it; refused, all of it is */
const registers = (ctx) => ctx?.sourceElement?.id === "registration";
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => registers(ctx) && clearTimeout(soon));
for (const name of ["htmx:response:error", "htmx:error"]) document.addEventListener(name, ({ detail: { ctx } }) => registers(ctx) && later());

/* What is missing gets the focus; the sentence stands where sentences stand */
const FIELD = { call_back_at: "call_day", topic: "topic", queue: "topic" };
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const missing = registers(ctx) && ctx.response?.headers?.get("X-Field");
  if (!missing) return;
  /* Of several questions the one that lacks it comes into focus; that in focus already has the last place */
  const [, place, name] = /^(?:questions\.(\d+)\.)?(\w+)$/.exec(missing) ?? [];
  if (place) all("[data-question]", one("#questions"))[place]?.click();
  const fields = all(`[name="${FIELD[name] ?? name}"]`, form()).filter((each) => each.checkVisibility());
  const field = fields.find((each) => each.checked) ?? fields[0];
  if (name === "topic" && field?.checked) return one("#topic-other")?.focus();
  field?.setAttribute("aria-invalid", "true");
  field?.focus();
});
document.addEventListener("change", ({ target }) => target.closest("#registration") && target.removeAttribute("aria-invalid"));

/* --- Time that runs, by the server's clock */
const two = (number) => String(number).padStart(2, "0");
function tick() {
  for (const time of all("time[data-since]")) {
    const seconds = Math.max(0, Math.floor(now() - Number(time.dataset.since)));
    time.textContent = seconds < 3600 ? `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}` : `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    if (time.dataset.long && seconds > Number(time.dataset.long)) time.dataset.sla = "late";
  }
}
setInterval(tick, 1000);
tick();
if (form()) parts();

/* A tab that something else on the page leads to */
document.addEventListener("click", ({ target }) => {
  const to = target.closest("[data-tab]");
  if (to) document.getElementById(to.dataset.tab).click();
});
