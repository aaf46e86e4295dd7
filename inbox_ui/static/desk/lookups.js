/* Lookup cards: asked one by one, in their place when they are answered; a sentence into the text; what is old says so. */
import { all, now, one, say, shown, token } from "./page.js";
import { toast, toasted } from "./dialogs.js";
import { unreached } from "./line.js";

const OLD = 15 * 60; // seconds, as the hub has it
const SOON = 150; // milliseconds: an answer that comes before needs no sign that it is on its way
const words = () => one("#lookups").dataset;
const cardOf = (element) => element?.closest?.("[data-lookup]");
const named = (name) => document.getElementById(`lookup-${name}`);
const heights = new Map(); // by the card's name, in this page: what comes is about as high as what was there
const asked = new WeakMap(); // what asks, by its request: afterwards htmx knows what came instead
let goesOn; // the card whose key opened Confirm identity

/* Asked: it stands among the open ones, as high as usual, and says after a moment that it waits */
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const form = ctx?.sourceElement;
  const card = form?.matches?.("[data-asks]") && cardOf(form);
  if (!card) return;
  const { lookup: name, state } = card.dataset;
  if (state === "found") heights.set(name, card.offsetHeight);
  const was = { name, card, form, place: document.createComment(""), had: card.contains(document.activeElement) };
  was.waits = setTimeout(() => waits(was), state === "asking" ? 0 : SOON);
  asked.set(ctx, was);
});
function waits({ name, card, place }) {
  if (card.dataset.state !== "asking") {
    card.setAttribute("aria-busy", "true");
    card.append(skeleton());
    if (card.closest(".card-group")) {
      card.before(place);
      one("#lookups-open").append(card);
      tidy();
    }
  }
  if (!heights.has(name)) return;
  // Not on the card: htmx hands the style of what has an id to what takes its place, and the page's policy forbids that
  const body = one(".waits", card) ?? one(".card-body", card);
  body.style.setProperty("min-block-size", `${heights.get(name) - one(".card-head", card).offsetHeight}px`);
}
function skeleton() {
  const body = document.createElement("div");
  body.className = "card-body waits";
  body.append(one("#lookup-skeleton").content.cloneNode(true));
  return body;
}

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const was = asked.get(ctx);
  if (!was) return;
  clearTimeout(was.waits);
  if (was.card.isConnected) return unanswered(was);
  was.place.remove();
  if (ctx.status !== "swapped") return passedBy(was.form);
  const card = named(was.name);
  if (!card) return;
  settle(card);
  say([one("h3", card), one(".chip, .nothing, .card-body p", card)].map((each) => each?.textContent.trim() ?? "").join(": "));
  if (was.had) focus(card);
});
/* The panel came anew while it was asked: the answer is kept, and comes with it. Another conversation's is left alone */
function passedBy(form) {
  if (form.getAttribute("hx-post").startsWith(`${one("#lookups")?.dataset.at}/`)) changed();
}
const changed = () => one("#lookups").dispatchEvent(new CustomEvent("lookups-changed"));
/* No answer came, and why is said in a toast: the card is as it was; one that was asked by itself can be asked again */
function unanswered({ card, place, form }) {
  card.removeAttribute("aria-busy");
  one(".waits", card)?.remove();
  one(".card-body", card)?.style.removeProperty("min-block-size");
  if (place.isConnected) place.replaceWith(card);
  if (card.dataset.state === "asking") {
    card.dataset.state = "error";
    const failed = one("#lookup-failed").content.cloneNode(true);
    one(".card-body", card).replaceChildren(one("p", failed));
    one(".faint", card)?.remove();
    form.append(one("button", failed));
  }
  tidy();
  if (form.matches("[popover]:not(:popover-open)")) form.showPopover();
}

/* A card stands where its state belongs */
function settle(card) {
  const { state } = card.dataset;
  const folded = one("#lookups-folded");
  if (state === "folded" && card.parentElement !== folded) folded.append(card);
  else if (state !== "folded" && state !== "unasked" && card.closest(".card-group")) one("#lookups-open").append(card);
  tidy();
  age();
}
const tidy = () => all("#lookups .card-group[id]").forEach((group) => (group.hidden = !one("[data-lookup]", group)));
function focus(card) {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

/* L and a figure: ask it, or go to it. Where the identity isn't confirmed, that comes first, and then it goes on */
export function toLookup(key) {
  const card = one(`#lookups [data-lookup-key="${key}"]`);
  if (!card) return;
  if (!shown(card)) one("#panel-toggle")?.click();
  if (!shown(card)) one("#t1")?.click();
  const ask = card.dataset.state === "unasked" && one("[data-ask]", card);
  focus(card);
  if (ask) ask.click();
}
document.addEventListener("click", ({ target }) => {
  const first = target.closest("[data-first=identity]");
  if (first) goesOn = cardOf(first).dataset.lookup;
  else if (target.closest("#call-identify, #identify, #identity-line [popovertarget]")) goesOn = undefined;
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!ctx?.request?.action?.includes("/identity")) return;
  const card = goesOn && named(goesOn);
  goesOn = undefined;
  if (!card) return;
  setTimeout(() => {
    focus(card);
    if (card.dataset.state === "unasked") one("[data-ask]:not([data-first])", card)?.click();
  });
});

/* Confirm identity says what is asked then: as it opens, and when it came anew while it was open */
function saysThen(menu) {
  const names = all('#lookups [data-stands="waits"] h3').map((each) => each.textContent.trim());
  const said = one(".asks-then", menu);
  const listed = new Intl.ListFormat(document.documentElement.lang).format(names);
  if (names.length) said.textContent = said.dataset.cards.replace("{cards}", () => listed);
}
document.addEventListener("toggle", ({ target, newState }) => target.id === "m-identify" && newState === "open" && saysThen(target), true);
/* Left with Escape, what was typed isn't kept for the next citizen */
document.addEventListener("keydown", ({ key, target }) => key === "Escape" && target.closest?.("#m-identify")?.reset(), true);
document.addEventListener("htmx:after:swap", () => {
  const menu = one("#m-identify:popover-open");
  if (menu) saysThen(menu);
});

/* Confirm identity: a way chosen, then the number; what was wrong with it is said, and it stands there yet */
const chooses = (target) => target.matches?.("#m-identify [data-then]");
let walks = false; // arrows choose among the ways, too: the number comes when one of them is taken
document.addEventListener(
  "keydown",
  (event) => {
    walks = chooses(event.target) && event.key.startsWith("Arrow");
    if (!chooses(event.target) || event.key !== "Enter") return;
    event.target.checked = true; // the way that has the focus is the one that is meant; the form is sent as it stands
  },
  true,
);
document.addEventListener("click", ({ target }) => chooses(target) && !walks && one(target.dataset.then)?.focus()); // by its key, too
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const form = ctx?.sourceElement;
  const source = all('[popovertarget="m-identify"]').find(shown); // beside which it stood
  if (form?.matches?.("#m-identify:not(:popover-open)") && ctx.response?.status >= 400 && one("#identity-number")?.value) form.showPopover({ source });
});

/* Another question, or an identity confirmed or withdrawn elsewhere: what may be asked is another thing. Nothing is asked */
let allows;
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const line = one("#identity-line")?.dataset.allows;
  const came = ctx?.target?.id === "thread" || ctx?.target?.id === "citizen" || ctx?.target?.id === "lookups";
  if (line !== undefined && allows !== undefined && line !== allows && !came && one("#lookups")) {
    changed();
  }
  allows = line;
  age();
});
allows = one("#identity-line")?.dataset.allows;

/* Older than a quarter of an hour: its time says so */
function age() {
  for (const card of all("#lookups [data-asked]")) card.toggleAttribute("data-old", now() - Number(card.dataset.asked) > OLD);
}
setInterval(age, 20000);
age();

/* Shift+L: what was answered is asked again. A card that came this very moment htmx may not have seen: its form would be
   sent as a page */
export function askAgain() {
  const buttons = all("#lookups-open [data-again]");
  for (const button of buttons) {
    if (button.form) window.htmx?.process(button.form);
    button.click();
  }
  if (!buttons.length && one("#lookups")) toast(words().none);
}

/* A sentence into the text, where the cursor is. The server says it, at the moment it is put in */
const opened = () => cardOf(document.activeElement) ?? all('#lookups-open [data-state="found"]').find((card) => card.matches(":focus-within, :focus")) ?? last();
let lastName;
const last = () => (lastName && named(lastName)?.dataset.state === "found" ? named(lastName) : one('#lookups-open [data-state="found"]'));
document.addEventListener("focusin", ({ target }) => (lastName = cardOf(target)?.dataset.lookup ?? lastName));

/** Of the card in focus, else of the one that had it last, else of the first. */
export function insertOpen() {
  const card = opened();
  if (card?.dataset.state === "found") insert(card, "");
  else if (one("#lookups")) toast(words().none);
}
document.addEventListener("click", ({ target }) => {
  const pressed = target.closest("[data-inserts], [data-inserts-open], [data-asks-again], [data-takes-out], [data-copies]");
  if (!pressed) return;
  if ("inserts" in pressed.dataset) insert(cardOf(pressed), pressed.dataset.inserts);
  else if ("insertsOpen" in pressed.dataset) insertOpen();
  else if ("asksAgain" in pressed.dataset) askAgain();
  else if ("copies" in pressed.dataset) copy(pressed.dataset.copies);
  else takeOut(pressed.closest(".chip"));
});

async function insert(card, number) {
  const field = all("#composer textarea").find(shown) ?? one("#composer textarea");
  if (!field) return toast(words().nowhere);
  const { lookup: name, askedAt } = card.dataset;
  const again = one("[data-asks]", card);
  const sent = again ? Object.fromEntries(new FormData(again)) : {};
  const body = new URLSearchParams({ ...sent, asked_at: askedAt ?? "", card: number });
  const answer = await fetch(`${words().at}/${name}/sentence${location.search}`, {
    method: "POST",
    body,
    headers: { ...token(), "HX-Request": "true" },
  }).catch(unreached);
  if (!answer) return;
  const came = document.createRange().createContextualFragment(await answer.text());
  if (!answer.ok) {
    one("#toast").append(came);
    return toasted();
  }
  const sentence = one("[data-sentence]", came);
  const chip = one(".chip", came);
  const anew = one("[data-lookup]", came);
  const old = named(name);
  if (anew && old) {
    const had = old.contains(document.activeElement);
    old.replaceWith(anew);
    window.htmx.process(anew);
    settle(anew);
    if (had && !sentence) focus(anew); // there is nothing in the text to go on with
  }
  if (sentence) put(field, sentence.textContent, chip);
  const unsaid = one("[data-unsaid]", came); // what was chosen is no card of this answer
  if (unsaid) toast(unsaid.textContent);
}
function put(field, text, chip) {
  one(".workspace").dataset.pane = "thread";
  field.focus();
  const before = field.value.slice(0, field.selectionStart);
  const after = field.value.slice(field.selectionEnd);
  const said = `${before && !/\s$/.test(before) ? " " : ""}${text}${after && !/^\s/.test(after) ? " " : ""}`;
  if (!document.execCommand("insertText", false, said)) {
    field.setRangeText(said, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  chip.dataset.said = text;
  chip.classList.add(field.matches(".for-note") ? "for-note" : "for-reply");
  one("#inserted").append(chip);
}
function takeOut(chip) {
  const field = one(chip.matches(".for-note") ? "#composer textarea.for-note" : "#composer textarea.for-reply");
  const at = field.value.indexOf(chip.dataset.said);
  chip.remove();
  field.focus();
  if (at < 0) return; // somebody has written it anew
  field.setSelectionRange(at, at + chip.dataset.said.length);
  document.execCommand("delete");
}

async function copy(value) {
  await navigator.clipboard.writeText(value);
  toast(words().copied.replace("{value}", value));
}
