/* Chats at the desk: what is written goes at once, what was seen is told both ways, a ringing chat is shown and said. */
import { all, one, openId, raise, say, shown, token } from "./page.js";
import { toasted } from "./dialogs.js";
import { unreached } from "./line.js";

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const post = (path, fields) =>
  fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { ...token(), "HX-Request": "true" } });

/* Sent one after the other; until the server has it, it stays in the field's place, named so that it is there once */
let sending = false;
/* What isn't sent yet is there again when its chat is, by the name it would have been sent by */
const keptAt = (field) => `torg-${document.body.dataset.person}-${field.id}`;
function keep(field) {
  if (field.value.trim()) sessionStorage.setItem(keptAt(field), JSON.stringify([field.value, field.dataset.key ?? ""]));
  else sessionStorage.removeItem(keptAt(field));
}
function restore() {
  const field = one("textarea.for-chat");
  const kept = field && !field.value && sessionStorage.getItem(keptAt(field));
  if (!kept) return;
  const [turn, key] = JSON.parse(kept);
  field.value = turn;
  if (key) field.dataset.key = key;
}
document.addEventListener("input", ({ target }) => target.matches?.("textarea.for-chat") && keep(target));
document.addEventListener("desk:opened", restore);
restore();
async function send(composer) {
  const field = one("textarea.for-chat", composer);
  const files = all('#files-reply [name="uploads"]', composer).map((file) => ["uploads", file.value]);
  const turn = field.value;
  if (sending || (!turn.trim() && !files.length)) return;
  sending = true;
  field.dataset.key ??= newKey();
  keep(field);
  const answer = await post(`${composer.dataset.at}/turns`, [["turn", turn], ["key", field.dataset.key], ...files]).catch(unreached);
  sending = false;
  if (!answer) return;
  if (answer.ok) {
    delete field.dataset.key;
    if (field.value === turn) field.value = "";
    else if (field.value.startsWith(turn)) field.value = field.value.slice(turn.length).trimStart();
    keep(field);
    one("#files-reply", composer)?.replaceChildren();
    raise(`entry-${composer.dataset.id}`);
  } else {
    if (answer.status < 500) delete field.dataset.key; // else it may be there: said again, it is the same turn
    keep(field);
    one("#toast").append(document.createRange().createContextualFragment(await answer.text()));
    toasted();
    raise(`chat-${composer.dataset.id}`);
  }
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sends-turn]");
  if (!button) return;
  event.preventDefault();
  send(button.closest("[data-composer]"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.("textarea.for-chat")) return;
  event.preventDefault();
  send(event.target.closest("[data-composer]"));
});

/* What the citizen's page has and has shown stands under the newest of ours */
function marks() {
  const bar = one("#chat-bar");
  if (!bar?.dataset.state) return;
  const ours = all('#timeline .event[data-kind="chat"][data-ours]');
  const idOf = (entry) => BigInt(entry.id.replace("entry-", ""));
  const last = (id) => ours.filter((entry) => idOf(entry) <= BigInt(id)).at(-1);
  const [seen, delivered] = [last(bar.dataset.seen), last(bar.dataset.delivered)];
  for (const entry of ours) {
    const words = entry === seen ? bar.dataset.wordsSeen : entry === delivered ? bar.dataset.wordsDelivered : "";
    one("[data-mark]", entry).textContent = words ? ` · ${words}` : "";
  }
}
/* Whoever has taken it sees what the citizen says, when their page is before them */
let told = "";
function seen() {
  const id = openId();
  const bar = one("#chat-bar[data-mine]");
  const newest = all('#timeline .event[data-kind="chat"]:not([data-ours])').at(-1)?.id.replace("entry-", "");
  if (!id || !newest || document.hidden || bar?.dataset.state !== "taken" || told === newest) return;
  told = newest;
  post(`/conversations/${id}/chat/seen`, { entry: newest }).catch(() => (told = ""));
}
for (const name of ["htmx:after:swap", "desk:opened", "visibilitychange"]) {
  document.addEventListener(name, () => {
    marks();
    seen();
  });
}
marks();
seen();

/** Whether its chat stands before whoever looks. */
export const isBeforeOne = (id) => openId() === id && shown(one("#chat-bar"));
/** What citizens said in chats of one's own that don't: each once, with the way there, until it is opened. */
const TOLD = "torg-turns-told";
const SHOWN = 3;
export function tellTurns(page) {
  const known = JSON.parse(sessionStorage.getItem(TOLD) ?? "{}");
  for (const toast of all("[data-turn]", page)) {
    const { turn, of } = toast.dataset;
    if (isBeforeOne(of) || BigInt(turn) <= BigInt(known[of] ?? 0)) continue;
    known[of] = turn;
    withdraw(of);
    const made = document.importNode(toast, true);
    one("#turns").append(made);
    setTimeout(() => made.remove(), 1000 * Number(made.dataset.toast));
  }
  sessionStorage.setItem(TOLD, JSON.stringify(known));
  for (const old of all("#turns > *").slice(0, -SHOWN)) old.remove();
}
const withdraw = (id) => one(`#turns > [data-of="${id}"]`)?.remove();
document.addEventListener("desk:opened", () => withdraw(openId()));

/* Whoever takes it writes next */
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx?.target?.id === "chat-bar" && ctx.request?.action?.includes("/chat/take")) one('#composer [data-mode="chat"]')?.click();
});

/* The chat is over, or began anew: the composer says so */
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.target?.id !== "chat-bar") return;
  const goesOn = one("#chat-bar")?.dataset.state !== "ended";
  const composer = one("#composer");
  const [chat, mail, sms, note] = ["chat", "mail", "sms", "note"].map((mode) => one(`#composer button[data-mode="${mode}"]`));
  const then = mail ?? sms; // nothing, where they left no address
  if (!chat) return;
  if (then) delete (goesOn ? then : chat).dataset.key;
  if (goesOn || then) (goesOn ? chat : then).dataset.key = "r"; // what R answers by
  if (goesOn || composer.dataset.mode !== "chat") return;
  (then ?? note).click();
  const field = one("textarea.for-chat", composer);
  const reply = one(`textarea.for-${then ? "reply" : "note"}`, composer);
  if (field?.value.trim() && reply && !reply.value.trim()) {
    reply.value = field.value; // what wasn't sent in time can go by what there is
    reply.dispatchEvent(new Event("input", { bubbles: true }));
  }
  chat.remove();
});

/* Rung: said once, and the focus stays where it is */
let rang = "";
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.target?.id !== "ringing") return;
  const now = all("#ringing [data-chat-rings]").map((each) => each.dataset.chatRings).join();
  if (now && now !== rang) say(one("#ringing [data-chat-rings]").dataset.said);
  rang = now;
});
