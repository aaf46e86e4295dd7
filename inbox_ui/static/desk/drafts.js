/* Drafts: in the browser at every stroke, on the server every two seconds. What the server has, the browser forgets. */
import { all, clock, now, one, token } from "./page.js";
import { renew } from "./list.js";

const EVERY = 2000;
const person = document.body.dataset.person;
const nameOf = (composer, kind) => `draft:${person}:${composer.dataset.id ?? ""}:${kind}`; // a new message has no id yet
const fields = (composer, kind) => all(`[data-draft="${kind}"]`, composer);
const kinds = (composer) => [...new Set(all("[data-draft]", composer).map((field) => field.dataset.draft))];
const ticks = (composer, kind) => fields(composer, kind).filter((field) => field.type === "checkbox");
const valuesOf = (composer, kind) => {
  const boxes = ticks(composer, kind);
  const written = fields(composer, kind).filter((field) => !boxes.includes(field));
  const values = Object.fromEntries(written.map((field) => [field.matches("textarea") ? "text" : field.name, field.value]));
  if (boxes.length) values.along = boxes.filter((box) => box.checked).map((box) => box.value).join();
  return values;
};
/** What is being written: the form's own kind, or the composer's answer or note. */
export const kindOf = (composer) => composer.dataset.writes ?? (composer.dataset.mode === "note" ? "note" : "reply");
const changed = new Map();
let timer;
let saving;

const words = () => document.body.dataset;
const tell = (text) => {
  const place = one("#saved");
  if (place && place.textContent !== text) place.textContent = text; // else it is read aloud every other second
};

document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-draft]");
  const composer = field?.closest("[data-composer]");
  if (!composer) return;
  const kind = field.dataset.draft;
  const key = nameOf(composer, kind);
  localStorage.setItem(key, JSON.stringify({ at: now(), ...valuesOf(composer, kind) }));
  changed.set(key, { composer, kind });
  timer ??= setTimeout(save, EVERY);
});

/** Saves what waits now, before something depends on it. */
export async function flush(composer) {
  clearTimeout(timer);
  for (const kind of kinds(composer)) {
    const key = nameOf(composer, kind);
    if (composer.dataset.writes || changed.has(key)) changed.set(key, { composer, kind });
  }
  await save();
}

async function save() {
  const { signal } = (saving = new AbortController());
  timer = undefined;
  const waiting = [...changed];
  changed.clear();
  for (const [key, { composer, kind }] of waiting) {
    const seen = one("[name=seen]", composer)?.value ?? "";
    const sent = localStorage.getItem(key);
    const body = new URLSearchParams({ ...valuesOf(composer, kind), seen });
    let answer;
    try {
      answer = await fetch(`${composer.dataset.at}/drafts/${kind}`, {
        method: "POST",
        body,
        headers: { ...token(), "HX-Request": "true" },
        signal,
      });
    } catch {
      answer = undefined;
    }
    if (answer?.ok) {
      const { id } = composer.dataset;
      if (id && (!one(`#row-${id} [data-begun]`) || !valuesOf(composer, kind).text)) renew(id); // its row says that there is a draft
      if (localStorage.getItem(key) === sent) localStorage.removeItem(key);
      tell(words().saved.replace("{time}", clock()));
    } else {
      if (!changed.has(key)) changed.set(key, { composer, kind });
      if (!signal.aborted) tell(words().unsaved);
    }
  }
  if (changed.size && !signal.aborted) timer ??= setTimeout(save, EVERY);
}

/* A conversation or a form opened: what the browser has and the server never got is put back */
function restore() {
  const composer = one("#thread [data-composer]");
  if (!composer) return;
  for (const kind of kinds(composer)) {
    const key = nameOf(composer, kind);
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    const text = fields(composer, kind).find((field) => field.matches("textarea"));
    if (!kept || kept.at <= Number(text.dataset.saved)) {
      localStorage.removeItem(key);
      continue;
    }
    for (const field of fields(composer, kind)) {
      if (field.type === "checkbox") field.checked = kept.along === undefined ? field.checked : kept.along.split(",").includes(field.value);
      else if (field.matches("select")) field.value = all("option", field).find((option) => option.value === kept[field.name])?.value ?? field.value;
      else field.value = kept[field.matches("textarea") ? "text" : field.name] ?? field.value;
    }
    if (kind === "note" && !valuesOf(composer, "reply").text) one('[data-mode="note"]', composer)?.click();
    changed.set(key, { composer, kind });
  }
  if (changed.size) save();
}
document.addEventListener("desk:opened", restore);
restore();

/* Sent or discarded: nothing of it is kept here; undone, it comes back from the server. A save that is still on its way
   would make the draft anew: it is called back */
document.addEventListener("htmx:before:request", (event) => {
  if (!event.detail.ctx?.sourceElement?.closest?.("[data-composer]")) return;
  saving?.abort();
  clearTimeout(timer);
  timer = undefined;
});
document.addEventListener("htmx:finally:request", () => changed.size && (timer ??= setTimeout(save, EVERY)));
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const form = ctx?.sourceElement?.closest?.("[data-composer]");
  if (!form || ctx.response.status >= 400 || ctx.response.headers.get("HX-Retarget") === "#asking") return;
  if (!/\/(replies|notes|forwards|messages|drafts\/new\/end)(\?|$)/.test(ctx.request.action)) return; // a file was removed, say
  const key = nameOf(form, kindOf(form));
  localStorage.removeItem(key);
  changed.delete(key);
});

/* Signing out, or leaving: what waits goes first, if it can */
addEventListener("pagehide", () => {
  for (const [, { composer, kind }] of changed) {
    const seen = one("[name=seen]", composer)?.value ?? "";
    const csrf = token()["x-csrftoken"];
    const body = new URLSearchParams({ ...valuesOf(composer, kind), seen, _csrf_token: csrf });
    navigator.sendBeacon(`${composer.dataset.at}/drafts/${kind}`, body);
  }
});
document.addEventListener("submit", async (event) => {
  const composer = one("#thread [data-composer]");
  if (event.target.id !== "log-out" || !changed.size || !composer) return;
  event.preventDefault();
  await flush(composer);
  event.target.submit();
});
