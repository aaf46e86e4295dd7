/* The composer: answer or note, files by drag, paste and choice. */
import { all, one, token } from "./page.js";
import { toasted } from "./dialogs.js";
import { flush, kindOf } from "./drafts.js";
import { unreached } from "./line.js";

document.addEventListener("click", (event) => {
  const mode = event.target.closest("[data-composer] [data-mode]");
  if (!mode) return;
  const composer = mode.closest("[data-composer]");
  composer.dataset.mode = mode.dataset.mode;
  for (const other of all("button[data-mode]", composer)) other.setAttribute("aria-pressed", other === mode);
  one(mode.dataset.mode === "note" ? "textarea.for-note" : "textarea.for-reply", composer)?.focus();
});

/* Overtaken, and willing to read it first: what came before that is not asked about again */
document.addEventListener("click", (event) => {
  const read = event.target.closest("[data-reads]");
  if (read) one("#composer [name=seen]").value = read.dataset.reads;
});

async function attach(composer, files) {
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
    attach(composer, files);
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
