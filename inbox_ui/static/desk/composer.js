/* The composer: answer or note, files by drag, paste and choice. */
import { all, one, token } from "./page.js";
import { closeMenus, toasted } from "./dialogs.js";
import { flush, kindOf } from "./drafts.js";
import { unreached } from "./line.js";

document.addEventListener("click", (event) => {
  const mode = event.target.closest("[data-composer] [data-mode]");
  if (!mode) return;
  const composer = mode.closest("[data-composer]");
  composer.dataset.mode = mode.dataset.mode;
  for (const other of all("button[data-mode]", composer)) other.setAttribute("aria-pressed", other === mode);
  const by = one("[data-by]", composer);
  if (by) by.value = mode.dataset.mode === "sms" ? "sms" : "mail";
  count(composer);
  one(`textarea.for-${{ note: "note", chat: "chat" }[mode.dataset.mode] ?? "reply"}`, composer)?.focus();
});

/* How many text messages it would be: 160 letters of the telephones' alphabet, 70 of any other, less where there are several */
function count(composer) {
  const shown = one("#length", composer);
  if (!shown || composer.dataset.mode !== "sms") return;
  const letters = [...one("textarea.for-reply", composer).value];
  const { basic, extended } = shown.dataset;
  const plain = letters.every((letter) => basic.includes(letter) || extended.includes(letter));
  const used = letters.reduce((sum, letter) => sum + (plain ? 1 + extended.includes(letter) : letter.length), 0);
  const [alone, each] = plain ? [160, 153] : [70, 67];
  const parts = used <= alone ? 1 : Math.ceil(used / each);
  const words = parts === 1 ? shown.dataset.one : shown.dataset.several;
  const counted = words.replace("{left}", (parts === 1 ? alone : parts * each) - used).replace("{parts}", parts);
  const { price, currency, costs } = shown.dataset; // absent, where no message has been paid for yet
  const cost = price && (parts * price).toLocaleString(document.documentElement.lang, currency ? { style: "currency", currency } : {});
  shown.textContent = cost ? costs.replace("{count}", counted).replace("{price}", cost) : counted;
}
document.addEventListener("input", ({ target }) => target.closest?.("[data-composer]") && count(target.closest("[data-composer]")));
document.addEventListener("desk:opened", () => one("#composer") && count(one("#composer")));

/* Overtaken, and willing to read it first: what came before that is not asked about again */
document.addEventListener("click", (event) => {
  const read = event.target.closest("[data-reads]");
  if (read) one("#composer [name=seen]").value = read.dataset.reads;
});

/** As if it were typed where the cursor is: the browser can undo it. */
function type(field, said) {
  field.focus();
  if (document.execCommand("insertText", false, said)) return;
  field.setRangeText(said, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/* A new message is signed as whom it is from */
document.addEventListener("change", ({ target }) => {
  if (target.id !== "new-from") return;
  const { signature } = target.selectedOptions[0].dataset;
  one("#new-below").hidden = !signature;
  one("#new-below span").textContent = signature;
});

/* Canned responses: a semicolon at the beginning of a word opens them, and goes when one is chosen */
let typed;
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== ";" || document.body.dataset.keys !== "on" || !field.matches?.("#composer textarea")) return;
  if (!/(^|\s)$/.test(field.value.slice(0, field.selectionStart))) return;
  setTimeout(() => {
    typed = field;
    one("#canned").click(); // a menu opens beside its button
  });
});
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-canned]");
  if (!chosen) return;
  const composer = one("#composer");
  const field = one(`textarea.for-${{ note: "note", chat: "chat" }[composer.dataset.mode] ?? "reply"}`, composer);
  const at = field.selectionStart;
  closeMenus();
  field.focus();
  if (typed === field && field.value[at - 1] === ";") field.setSelectionRange(at - 1, at);
  typed = undefined;
  type(field, one("[data-text]", chosen).textContent);
});
document.addEventListener("toggle", ({ target, newState }) => target.id === "m-canned" && newState === "closed" && (typed = undefined), true);

/* A picture that is pasted into a mail's text stands there by its name in brackets */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

async function attach(composer, files, into) {
  if (!files.length || !one("[data-attach]", composer)) return;
  const kind = kindOf(composer);
  const query = new URLSearchParams({ kind });
  const from = one("[name=from]", composer)?.value;
  if (from) query.set("from", from);
  await flush(composer);
  for (const file of files) {
    const body = new FormData();
    body.append("file", file, file.name || "picture.png");
    const answer = await fetch(`${composer.dataset.at}/uploads?${query}`, {
      method: "POST",
      body,
      headers: { ...token(), "HX-Request": "true" },
    }).catch(unreached);
    if (!answer) return;
    const place = answer.ok ? document.getElementById(`files-${kind}`) : one("#toast");
    const came = document.createRange().createContextualFragment(await answer.text());
    if (answer.ok) {
      const part = came.firstElementChild;
      place.replaceWith(part);
      window.htmx.process(part);
      const name = all("[data-name]", part).at(-1)?.dataset.name;
      if (name && into?.matches("textarea:not(.for-note)") && PICTURES.includes(file.type)) type(into, `${/(^|\s)$/.test(into.value.slice(0, into.selectionStart)) ? "" : "\n"}[${name}]`);
    } else {
      place.append(came);
      toasted();
    }
  }
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-attach]")) return;
  attach(event.target.closest("[data-composer]"), [...event.target.files]);
  event.target.value = "";
});
document.addEventListener("paste", (event) => {
  const composer = event.target.closest?.("[data-composer]");
  const files = [...(event.clipboardData?.files ?? [])];
  if (composer && files.length) {
    event.preventDefault();
    attach(composer, files, event.target);
  }
});
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    const composer = event.target.closest?.("#thread")?.querySelector("[data-composer]");
    if (!composer || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    composer.toggleAttribute("data-drops", name === "dragover");
    if (name === "drop") attach(composer, [...event.dataTransfer.files]);
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) all("[data-drops]").forEach((each) => each.removeAttribute("data-drops"));
});
