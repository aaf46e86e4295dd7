/* The chat in its frame. What is said waits here until the server has it, named so that twice sent is once said; what is
   answered comes as a stream, which begins again where it broke off. The secret is this tab's alone and in no address; of a
   tab that was closed the next one gets it within seconds, or nobody. */
const one = (selector, inside = document) => inside.querySelector(selector);
const words = JSON.parse(one("#words").textContent);
const at = location.pathname.replace(/\/$/, "");
const lang = document.documentElement.lang;
const say = (name, said = {}) => words[name].replace(/%\((\w+)\)s/g, (_, key) => said[key] ?? "");
/* Made when the first time is written: the page of the municipality waits for this one */
const formats = {};
const format = (at, more) => (formats[more.weekday] ??= new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more })).format(at);
const clock = { format: (at) => format(at, {}) };
const dayAndTime = { format: (at) => format(at, { weekday: "long" }) };
const framed = parent !== window;

/* What this tab keeps. Where storage is forbidden it lives as long as the page */
const kept = { secret: "", pending: [], draft: "", last: "0", seen: "0" };
const PLACE = `torg-chat ${at}`;
let stores = true;
try { Object.assign(kept, JSON.parse(sessionStorage.getItem(PLACE) ?? "{}")); } catch { stores = false; /* a frame may not */ }
const keep = (more) => {
  Object.assign(kept, more);
  try { sessionStorage.setItem(PLACE, JSON.stringify(kept)); } catch { /* as above */ }
};
/* When a page of this browser last went from a chat that goes on; of the chat itself, nothing */
const WENT = `torg-chat-went ${at}`;
const A_MOMENT = 30000;
const wentLately = () => {
  try { return Date.now() - Number(localStorage.getItem(WENT) ?? 0) < A_MOMENT; } catch { return false; }
};
const noteWent = (went) => {
  try { went ? localStorage.setItem(WENT, String(Date.now())) : localStorage.removeItem(WENT); } catch { /* as above */ }
};
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/* Parts of the page */
const talk = one("#talk");
const log = one("#log");
const box = one("#say");
const parts = Object.fromEntries([...document.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
const show = (...names) => Object.entries(parts).forEach(([name, part]) => (part.hidden = !names.includes(name)));
const element = (name, text = "", more = {}) => Object.assign(document.createElement(name), { textContent: text }, more);
const toEnd = () => (talk.scrollTop = talk.scrollHeight);
const announce = (text) => {
  const place = one("#said");
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = text));
};

let reception;
let state = null;
let isOpen = !framed;
let streaming = null;

/* To the page around: it is told how many messages are new, and nothing of them */
const tell = (word) => framed && parent.postMessage({ torg: "chat", ...word }, "*");
let unread = 0;
addEventListener("message", (event) => {
  if (event.source !== parent || event.data?.torg !== "chat") return;
  isOpen = event.data.does === "open";
  if (!isOpen) return;
  begin();
  markSeen();
  focusFirst();
});
const minimise = () => tell({ does: "minimise" });
one("#minimise").addEventListener("click", minimise);
one("#minimise").hidden = !framed;
addEventListener("keydown", (event) => event.key === "Escape" && framed && minimise());
/* That is seen: a field that isn't asked for is hidden with its label */
const focusFirst = () => [...document.querySelectorAll("[data-part] :is(input, select, textarea, button):enabled")].find((each) => each.checkVisibility())?.focus();

/* Asking. Throws a Response that isn't well, or what the network says */
async function ask(method, path, body, headers = {}) {
  const options = { method, headers: { ...headers }, cache: "no-store", credentials: "same-origin" };
  if (kept.secret) options.headers["Torg-Visitor"] = kept.secret;
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(at + path, options);
  if (!answer.ok) throw answer;
  return answer;
}
const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
const said = async (answer) => (await answer.json().catch(() => ({})));
const problem = (text) => {
  const place = one("#problem");
  place.hidden = !text;
  place.textContent = text;
  if (text) toEnd();
};
const explain = (error) => {
  if (!(error instanceof Response)) return problem(say("failed"));
  if (error.status === 404) return lost();
  problem(say(error.status === 429 ? "too_many" : "failed"));
};

/* Before it begins */
let beginning;
function begin() {
  beginning ??= start();
}
async function start() {
  if (kept.secret) return resume();
  try {
    reception = await (await ask("GET", "/reception")).json();
  } catch (error) {
    show("failed");
    beginning = null;
    return;
  }
  head();
  const notice = parts.form;
  one("#greeting").textContent = reception.greeting;
  one("#greeting").hidden = !reception.greeting;
  const leaves = !reception.open;
  if (leaves && !reception.message) return show("closed");
  one("#lead").hidden = !leaves;
  one("#submit").textContent = say(leaves ? "send_message" : "begin");
  field("name", reception.asks.name);
  field("email", leaves ? "must" : reception.asks.email);
  one("label[for=email] .what").textContent = say(leaves || reception.asks.email === "must" ? "email_must" : "email");
  const topics = one("#topic");
  one("#f-topic").hidden = !reception.topics.length;
  topics.required = reception.topics.length > 0;
  topics.replaceChildren(element("option", say("choose"), { value: "" }), ...reception.topics.map((topic) => {
    const closed = reception.closed_topics.includes(topic);
    return element("option", closed ? say("closed_topic", { topic }) : topic, { value: topic, disabled: closed });
  }));
  if (reception.topics.length === 1) topics.value = reception.topics[0];
  show("form");
  if (isOpen) focusFirst();
  return notice;
}
function field(name, asked) {
  one(`#f-${name}`).hidden = asked === "no";
  one(`#${name}`).required = asked === "must";
  one(`#f-${name} .may`).hidden = asked !== "may";
}
function opens(time) {
  const today = time.toDateString() === new Date().toDateString();
  return today ? say("opens_today", { time: clock.format(time) }) : say("opens", { time: dayAndTime.format(time) });
}
function head() {
  const line = one("#line");
  const until = reception?.open && reception.closes_at && say("open_until", { time: clock.format(new Date(reception.closes_at)) });
  if (state?.state === "taken") {
    const answers = say("answers", { name: state.who || say("somebody") });
    line.textContent = until ? `${answers}, ${until[0].toLowerCase()}${until.slice(1)}` : answers;
  } else if (state?.state === "waiting") line.textContent = say("waits");
  else if (until) line.textContent = until;
  else if (reception?.open) line.textContent = say("open");
  else if (reception?.opens_at) line.textContent = opens(new Date(reception.opens_at));
  else if (reception) line.textContent = say("closed");
  const mark = one("#who");
  if (state?.state === "taken" && state.who) mark.textContent = state.who.slice(0, 2).toUpperCase();
}

const wrong = (name, text) => {
  const input = one(`#${name}`);
  const place = one(`#p-${name}`);
  place.textContent = text;
  place.hidden = !text;
  input.toggleAttribute("aria-invalid", Boolean(text));
  if (text) input.setAttribute("aria-invalid", "true");
  return Boolean(text);
};
function checked() {
  let bad = false;
  for (const name of ["topic", "name", "email", "question"]) {
    const input = one(`#${name}`);
    const shown = !input.closest("[hidden]");
    const empty = shown && input.required && !input.value.trim();
    const twisted = shown && name === "email" && input.value.trim() && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(input.value.trim());
    const text = empty ? say(name === "topic" ? "field_topic" : "field_must") : twisted ? say("field_email") : "";
    if (wrong(name, text) && !bad) {
      bad = true;
      input.focus();
    }
  }
  return !bad;
}
let first = null;
parts.form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem("");
  if (!checked() || one("#submit").disabled) return;
  const leaves = !reception.open;
  const value = (name) => (one(`#${name}`).closest("[hidden]") ? "" : one(`#${name}`).value.trim());
  first ??= newKey();
  const body = { ticket: reception.ticket, key: first, text: value("question"), language: lang, name: value("name"), email: value("email"), topic: value("topic") };
  one("#submit").disabled = true;
  try {
    const begun = await (await ask("POST", leaves ? "/messages" : "/visits", body)).json();
    first = null;
    if (leaves) {
      one("#left-words").textContent = say("left", { email: body.email, reference: begun.reference });
      show("left");
      focusOn("#left-words");
    } else {
      keep({ secret: begun.secret, last: "0", seen: "0", pending: [], mailed: Boolean(body.email) });
      resume();
    }
  } catch (error) {
    if (error instanceof Response && [400, 422].includes(error.status)) {
      const { field: name } = await said(error);
      if (name === "ticket") { beginning = null; begin(); problem(say("failed")); }
      else if (!wrong(["email", "name", "topic"].includes(name) ? name : "question", say(name === "email" ? "field_email" : "field_must"))) problem(say("failed"));
    } else if (error instanceof Response && error.status === 409) {
      first = null;
      beginning = null;
      await start();
      problem(say(reception?.open ? "too_many" : "leave_lead"));
    } else explain(error);
  } finally {
    one("#submit").disabled = false;
  }
});

/* Turns */
const bubble = (turn) => log.querySelector(turn.mine && turn.key ? `[data-key="${CSS.escape(turn.key)}"]` : `[data-id="${turn.id}"]`);
function put(turn) {
  const old = bubble(turn);
  if (old?.dataset.id) return;
  const item = old ?? element("div", "", { className: turn.mine ? "turn mine" : "turn" });
  item.dataset.id = turn.id ?? "";
  if (turn.key) item.dataset.key = turn.key;
  const p = element("p", turn.text);
  const by = element("span", `${turn.mine ? say("you") : turn.who || say("somebody")}: `, { className: "sr" });
  p.prepend(by);
  const files = (turn.files ?? []).map((file) => {
    const button = element("button", file.name, { type: "button", className: "file", title: say("file", { name: file.name }) });
    button.addEventListener("click", () => fetchFile(file));
    return button;
  });
  const small = element("small", turn.at ? stamp(turn) : say("sending"));
  item.replaceChildren(...(turn.text ? [p] : []), ...files, small);
  if (!old) log.append(item);
  if (turn.at) small.dataset.at = turn.at;
  toEnd();
}
const stamp = (turn) => [turn.mine ? "" : turn.who, clock.format(new Date(turn.at))].filter(Boolean).join(", ");
function take(turn) {
  if (BigInt(turn.id) > BigInt(kept.last)) keep({ last: turn.id });
  if (turn.mine) keep({ pending: kept.pending.filter((each) => each.key !== turn.key) });
  put(turn);
  if (turn.mine) return;
  const isNew = BigInt(turn.id) > BigInt(kept.seen);
  if (isNew && (!isOpen || document.hidden)) tell({ does: "unread", count: ++unread });
  theirs = turn.id;
  markSeen();
  written();
}
async function fetchFile(file) {
  try {
    const content = await (await ask("GET", `/files/${encodeURIComponent(file.id)}`)).blob();
    const link = element("a", "", { href: URL.createObjectURL(content), download: file.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) {
    explain(error);
  }
}

/* What was seen: when the chat is open before somebody */
let theirs = "0";
let marked = "";
let marking;
function markSeen() {
  clearTimeout(marking);
  marking = setTimeout(() => {
    if (!kept.secret || theirs === "0") return;
    const seen = isOpen && !document.hidden;
    const body = seen ? { delivered: theirs, seen: theirs } : { delivered: theirs };
    if (seen) {
      keep({ seen: theirs });
      unread = 0;
      tell({ does: "unread", count: 0 });
    }
    const now = JSON.stringify(body);
    if (now === marked) return;
    marked = now;
    ask("PUT", "/marks", body).catch(() => (marked = ""));
  }, 150);
}
document.addEventListener("visibilitychange", markSeen);

/* Sending: in turn, and again until it is there */
let sending = false;
async function flush() {
  if (sending) return;
  sending = true;
  let pause = 1;
  while (kept.pending.length && kept.secret) {
    const { key, text } = kept.pending[0];
    try {
      await ask("POST", "/turns", { key, text });
      keep({ pending: kept.pending.filter((each) => each.key !== key) });
      label(key, "");
      pause = 1;
      problem("");
    } catch (error) {
      if (error instanceof Response && [404, 409].includes(error.status)) {
        if (error.status === 404) lost();
        else await look();
        break;
      }
      if (error instanceof Response && [400, 422].includes(error.status)) {
        keep({ pending: kept.pending.filter((each) => each.key !== key), draft: text });
        bubble({ mine: true, key })?.remove();
        box.value = text;
        problem(say("too_long"));
        continue;
      }
      label(key, say("not_sent"));
      if (error instanceof Response && error.status === 429) pause = Number(error.headers.get("Retry-After")) || 5;
      await wait(pause);
      pause = Math.min(2 * pause, 10);
    }
  }
  sending = false;
}
function label(key, text) {
  const small = bubble({ mine: true, key })?.querySelector("small");
  if (small && !small.dataset.at) small.textContent = text || say("delivered");
}
parts.write.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = box.value.trim();
  if (!text || !kept.secret) return;
  if (text.length > 4000) return problem(say("too_long"));
  const turn = { key: newKey(), text };
  keep({ pending: [...kept.pending, turn], draft: "" });
  box.value = "";
  grow();
  put({ ...turn, mine: true });
  flush();
});
const grow = () => {
  box.rows = Math.min(5, box.value.split("\n").length + Math.floor(box.value.length / 42));
};
let typed = 0;
box.addEventListener("input", () => {
  keep({ draft: box.value });
  grow();
  if (Date.now() - typed < 4000 || !box.value.trim()) return;
  typed = Date.now();
  ask("POST", "/typing").catch(() => {});
});
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  parts.write.requestSubmit();
});
one("#file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (!file) return;
  const most = reception?.file_megabytes ?? 10;
  if (file.size > most * 1e6) return problem(say("file_large", { most }));
  const body = new FormData();
  body.append("file", file);
  const key = newKey();
  put({ key, text: "", mine: true, files: [{ name: file.name }] });
  for (let tries = 0; ; tries++) {
    try {
      await ask("POST", `/files?key=${key}`, body);
      return label(key, "");
    } catch (error) {
      if (!(error instanceof Response) && tries < 5) { await wait(2 ** tries); continue; }
      bubble({ mine: true, key })?.remove();
      if (error instanceof Response && [413, 422].includes(error.status)) return problem(say("file_refused", { name: file.name }));
      return explain(error);
    }
  }
});
one("#attach").addEventListener("click", () => one("#file").click());

/* The stream */
let turnOf = 0; // the newest listener goes on, an older one ends
async function listen() {
  const mine = ++turnOf;
  streaming?.abort();
  let pause = 0.5;
  while (kept.secret && state?.state !== "ended" && mine === turnOf) {
    const control = (streaming = new AbortController());
    let heard = Date.now();
    const dog = setInterval(() => Date.now() - heard > 40000 && control.abort(), 5000);
    try {
      const answer = await fetch(`${at}/events`, {
        headers: { "Torg-Visitor": kept.secret, "Last-Event-ID": kept.last, Accept: "text/event-stream" },
        cache: "no-store", credentials: "omit", signal: control.signal,
      });
      if (answer.status === 404) return lost();
      if (!answer.ok) throw answer;
      offline(false);
      flush();
      pause = 0.5;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        heard = Date.now();
        const events = (rest + value).split(/\r?\n\r?\n/);
        rest = events.pop();
        events.forEach(hear);
      }
    } catch { /* begins again */ } finally {
      clearInterval(dog);
    }
    if (state?.state === "ended" || mine !== turnOf) return;
    offline(true);
    await wait(pause);
    pause = Math.min(2 * pause, 10);
  }
}
function hear(event) {
  const fields = Object.fromEntries(event.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]));
  if (fields.event === "turn") take(JSON.parse(fields.data));
  if (fields.event === "state") stand(JSON.parse(fields.data));
}
const offline = (is) => (one("#offline").hidden = !is);
/* The page goes: it is closed, or loaded again, which is heard of at once. Told at the last moment, or the chat would ring on */
const goesOn = () => kept.secret && state?.state !== "ended";
addEventListener("pagehide", () => {
  if (!goesOn()) return;
  turnOf++;
  streaming?.abort(); // first, so that nobody is taken for being there who isn't
  noteWent(true);
  fetch(`${at}/leaving`, { method: "POST", headers: { "Torg-Visitor": kept.secret }, keepalive: true, credentials: "same-origin" }).catch(() => {});
});
addEventListener("pageshow", (event) => event.persisted && goesOn() && listen());
addEventListener("online", () => goesOn() && listen());

/* How it stands */
function stand(now) {
  const before = state;
  state = now;
  head();
  if (now.state !== before?.state) tell({ does: "stands", is: now.state });
  const place = one("#stands");
  const text = now.state === "waiting"
    ? now.ahead === 0 ? say("waiting_next") : now.ahead === 1 ? say("waiting_one") : say("waiting", { count: now.ahead })
    : "";
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
  if (before?.state === "waiting" && now.state === "taken") announce(say("taken", { name: now.who || say("somebody") }));
  const typing = one("#typing");
  const writes = now.typing && Date.now() >= quiet;
  typing.hidden = !writes;
  one("#typing-who").textContent = writes ? say("typing", { name: now.who || say("somebody") }) : "";
  one("#mail-line").hidden = now.by_mail;
  one("#mail-set").hidden = !now.by_mail;
  const mine = [...log.querySelectorAll(".turn.mine[data-id]")].filter((item) => item.dataset.id);
  const lastRead = now.read && mine.filter((item) => BigInt(item.dataset.id) <= BigInt(now.read)).at(-1);
  for (const item of mine) {
    const small = item.querySelector("small");
    if (small.dataset.at) small.textContent = clock.format(new Date(small.dataset.at)) + (item === lastRead ? `, ${say("read")}` : "");
  }
  if (now.state === "ended") over();
  else if (parts.sure.hidden && parts.mail.hidden) show("write", "foot");
  if (writes) toEnd();
}
/* What they wrote is here: that they are writing was about it, for as long as it is said */
let quiet = 0;
const SAID_FOR = 6000;
function written() {
  quiet = Date.now() + SAID_FOR;
  one("#typing").hidden = true;
  one("#typing-who").textContent = "";
  setTimeout(() => state && state.state !== "ended" && stand(state), SAID_FOR);
}
/* To what takes the place of whatever had the focus: else it would fall out of the chat, and what is said be heard by nobody */
function focusOn(words) {
  const place = one(words);
  if (!isOpen || !document.hasFocus()) return announce(place.textContent);
  place.tabIndex = -1;
  place.focus();
}
function over() {
  streaming?.abort();
  const lines = { visitor: "ended_by_you", person: "ended_by_us" };
  one("#over-words").textContent = say(lines[state?.ended_by] ?? "ended");
  const answered = Boolean(log.querySelector(".turn:not(.mine)"));
  one("#get-transcript").hidden = !answered || state?.transcript || reception?.transcripts === false;
  one("#transcript-set").hidden = !state?.transcript;
  const unsaid = kept.pending.map((each) => each.text).join("\n");
  if (unsaid) keep({ draft: unsaid, pending: [] });
  const had = document.activeElement;
  show("over");
  offline(false);
  noteWent(false);
  tell({ does: "stands", is: "" });
  if (!had || had === document.body || !had.checkVisibility()) focusOn("#over-words");
  else if (!had.closest("[data-part='over']")) announce(one("#over-words").textContent);
  toEnd();
}
async function look() {
  try {
    const shown = await (await ask("GET", `/turns?after=${kept.last}`)).json();
    shown.turns.forEach(take);
    stand(shown.state);
  } catch (error) {
    explain(error);
  }
}
async function resume() {
  show("write", "foot");
  noteWent(false);
  head();
  log.replaceChildren();
  keep({ last: "0" });
  box.value = kept.draft ?? "";
  grow();
  if (!reception) ask("GET", "/reception").then(async (answer) => { reception = await answer.json(); head(); one("#attach").hidden = !reception.files; }).catch(() => {});
  one("#attach").hidden = reception ? !reception.files : false;
  kept.pending.forEach((turn) => put({ ...turn, mine: true }));
  flush();
  listen();
  if (isOpen) box.focus();
}
function lost() {
  streaming?.abort();
  keep({ secret: "", last: "0", seen: "0", pending: [] });
  state = null;
  beginning = null;
  tell({ does: "stands", is: "" });
  begin();
  problem(say("lost"));
}

/* Leaving, and going on by e-mail */
one("#end").addEventListener("click", () => { show("sure"); one("#end-no").focus(); });
one("#end-no").addEventListener("click", () => { show("write", "foot"); box.focus(); });
one("#end-yes").addEventListener("click", async () => {
  try {
    await ask("PUT", "/end");
    await look();
  } catch (error) { explain(error); }
});
let wanted = {};
function askMail(what) {
  wanted = what;
  show("mail");
  wrong("address", "");
  one("#address").focus();
}
one("#by-mail").addEventListener("click", () => askMail({ answers: true }));
one("#get-transcript").addEventListener("click", () => askMail({ answers: false, transcript: true }));
one("#mail-cancel").addEventListener("click", () => (state?.state === "ended" ? over() : show("write", "foot")));
parts.mail.addEventListener("submit", async (event) => {
  event.preventDefault();
  const email = one("#address").value.trim();
  if (wrong("address", /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? "" : say("field_email"))) return one("#address").focus();
  try {
    await ask("PUT", "/mail", { email, ...wanted });
    await look();
    if (state?.state !== "ended") { show("write", "foot"); box.focus(); }
  } catch (error) {
    if (error instanceof Response && error.status === 422) {
      const { detail } = await said(error);
      wrong("address", say(/enough/.test(detail ?? "") ? "email_enough" : "field_email"));
    } else explain(error);
  }
});
one("#again").addEventListener("click", () => {
  keep({ secret: "", last: "0", seen: "0", pending: [] });
  log.replaceChildren();
  state = null;
  theirs = "0";
  beginning = null;
  problem("");
  one("#question").value = kept.draft ?? "";
  begin();
});
one("#retry").addEventListener("click", begin);

tell({ does: "ready" });
/* Whoever is quick has this page before the hub has heard that the last one went: then it is asked again */
const ofBefore = async () => (await (await ask("POST", `/resumption${stores ? "?left=true" : ""}`)).json()).secret;
if (!stores || (!kept.secret && wentLately())) {
  try {
    let secret = await ofBefore();
    for (const pause of stores ? [0.3, 1, 2] : []) {
      if (secret) break;
      await wait(pause);
      secret = await ofBefore();
    }
    if (secret) keep({ secret });
  } catch { /* begins anew */ }
}
if (isOpen || kept.secret) begin();
