// A form for citizens. Without this script all of it works: what hangs on a choice says so in words, and the server
// decides what counts. With it, what doesn't count is hidden, and its parts come one at a time.

const form = document.querySelector(".form-sheet");

function chosen(name) {
  return [...form.elements].filter((each) => each.name === name && each.checked && counts(each)).map((each) => each.value);
}

function counts(element) {
  return !element.closest("[data-when][data-off]");
}

function showWhatCounts() {
  for (const one of form.querySelectorAll("[data-when]")) {
    const [name, ...options] = one.dataset.when.split(" ");
    const off = !chosen(name).some((each) => options.includes(each));
    one.toggleAttribute("data-off", off);
  }
}

function steps() {
  return [...form.querySelectorAll(".form-part")].filter((part) => !part.matches("[data-off]"));
}

let at = 0;
let list = null;

function button(words, kind) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn";
  if (kind) made.dataset.kind = kind;
  made.textContent = words;
  return made;
}

function show(step, focus) {
  const parts = steps();
  at = Math.max(0, Math.min(step, parts.length - 1));
  for (const part of form.querySelectorAll(".form-part")) part.hidden = part !== parts[at];
  back.hidden = at === 0;
  next.hidden = at === parts.length - 1;
  send.hidden = !next.hidden;
  list.replaceChildren(
    ...parts.map((part, number) => {
      const item = document.createElement("li");
      item.textContent = part.querySelector("h2")?.textContent ?? "";
      if (number < at) item.dataset.done = "";
      if (number === at) item.setAttribute("aria-current", "step");
      return item;
    }),
  );
  const words = { number: at + 1, count: parts.length };
  list.setAttribute("aria-label", form.dataset.step.replace(/%\((\w+)\)s/g, (_, name) => words[name]));
  if (focus) {
    const heading = parts[at].querySelector("h2");
    heading.tabIndex = -1;
    heading.focus();
  }
}

// A browser says "Choose file" in its own language, not in the form's: its button lies unseen over one of ours, so that
// clicks, keys and dropped files are still its own.
function sayInItsLanguage(input) {
  const choose = document.createElement("span");
  choose.className = "btn";
  choose.textContent = input.dataset.choose;
  choose.setAttribute("aria-hidden", "true");
  const names = document.createElement("span");
  names.setAttribute("role", "status");
  const tell = () => {
    names.textContent = [...input.files].map((each) => each.name).join(", ") || input.dataset.none;
    input.title = names.textContent;
  };
  input.before(choose);
  input.after(names);
  input.classList.add("unseen");
  input.addEventListener("change", tell);
  tell();
}

const next = button(form?.dataset.next ?? "", "primary");
const back = button(form?.dataset.back ?? "");
const send = form?.querySelector(".form-end .btn");

if (form) {
  form.classList.add("scripted");
  showWhatCounts();
  form.querySelectorAll("input[data-choose]").forEach(sayInItsLanguage);
  const parts = [...form.querySelectorAll(".form-part")];
  if (parts.length > 1 && parts.every((part) => part.querySelector("h2"))) {
    list = document.createElement("ol");
    list.className = "stepper";
    form.before(list);
    form.querySelector(".form-end").prepend(back);
    send.before(next);
    const wrong = parts.findIndex((part) => part.querySelector('[aria-invalid="true"]'));
    show(wrong < 0 ? 0 : steps().indexOf(parts[wrong]), false);
    next.addEventListener("click", () => show(at + 1, true));
    back.addEventListener("click", () => show(at - 1, true));
    for (const link of document.querySelectorAll("#wrong a")) {
      link.addEventListener("click", () => {
        const part = document.querySelector(link.getAttribute("href"))?.closest(".form-part");
        if (part) show(steps().indexOf(part), false);
      });
    }
  }
  form.addEventListener("change", () => {
    showWhatCounts();
    if (list) show(at, false);
  });
  // Enter in a field goes on, as it does on paper; only the last part sends.
  form.addEventListener("submit", (event) => {
    if (list && !next.hidden) {
      event.preventDefault();
      show(at + 1, true);
      return;
    }
    // A page that was an answer is asked for as any other from now on: whoever goes back to it from the number is shown the
    // form, not asked by the browser whether to send once more what didn't do.
    history.replaceState(history.state, "", location.href);
    // The same form is kept once, however often it is sent; this only spares the wait.
    setTimeout(() => send.setAttribute("aria-disabled", "true"));
  });
  document.querySelector("#wrong")?.focus();
}
