/* The chat on a municipality's page: one button, and a frame from Torg that opens above it. Nothing of the page is read,
   moved or sent; what is said stays in the frame.
   <script src="https://torg.granvik.example/chat/widget.js" data-chat="4711" async></script>
   data-lang="sv": else that of the page. Opened by the page itself: <a href="#torg-chat">. */
(() => {
  const script = document.currentScript;
  const id = script?.dataset.chat;
  if (!/^\d+$/.test(id ?? "") || document.querySelector("torg-chat")) return;
  const origin = new URL(script.src).origin;
  const language = (script.dataset.lang || document.documentElement.lang || navigator.language || "en").slice(0, 2).toLowerCase();
  const SAID={}; // by language, filled in when it is served
  const [open, title, waiting, taken] = SAID[language === "no" ? "nb" : language] ?? SAID.en;

  const host = document.createElement("torg-chat");
  const root = host.attachShadow({ mode: "closed" });
  /* A sheet of its own making: the page's policy may forbid styles in elements */
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; color-scheme: light dark; }
    button { all: unset; box-sizing: border-box; position: fixed; inset: auto 1.25rem 1.25rem auto; z-index: 2147483000; display: flex; align-items: center; gap: .5rem;
      min-block-size: 3.25rem; padding: 0 1.25rem; border-radius: 99rem; cursor: pointer; color: #fff; background: light-dark(#0d636c, #23808a);
      font: 600 1rem/1.2 "Segoe UI", system-ui, -apple-system, Roboto, sans-serif; box-shadow: 0 2px 6px #0003, 0 12px 32px #0004; }
    button:hover { background: light-dark(#0a5059, #1c727b); }
    button:focus-visible { outline: 3px solid light-dark(#0b6069, #7fd9dd); outline-offset: 3px; }
    svg { inline-size: 1.5rem; block-size: 1.5rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
    b { min-inline-size: 1.375rem; padding: .125rem .375rem; border-radius: 99rem; font-size: .8125rem; text-align: center; color: #0d636c; background: #fff; box-sizing: border-box; }
    b[hidden] { display: none; }
    iframe { position: fixed; inset: auto 1.25rem 1.25rem auto; z-index: 2147483001; inline-size: min(23.5rem, calc(100vw - 2rem)); block-size: min(38rem, calc(100dvh - 4rem));
      border: 1px solid light-dark(#d5d1c7, #354046); border-radius: 1rem; background: light-dark(#fff, #1d2428); box-shadow: 0 2px 6px #0002, 0 16px 40px #0003; }
    :is(button, iframe)[data-away] { visibility: hidden; pointer-events: none; }
    @media (max-width: 48rem) { iframe { inset: auto 0 0 0; inline-size: 100%; block-size: min(38rem, 88dvh); border-radius: 1rem 1rem 0 0; border-inline: 0; border-block-end: 0; } }
    @media (forced-colors: active) { button { border: 2px solid ButtonText; } }
    @media print { button, iframe { display: none; } }`);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M20.5 11.5a7.6 7.6 0 0 1-11 6.8L4 19.8l1.4-4.6a7.6 7.6 0 1 1 15.1-3.7z");
  icon.append(path);
  const words = document.createElement("span");
  words.textContent = open;
  const unread = document.createElement("b");
  unread.hidden = true;
  button.append(icon, words, unread);

  const frame = document.createElement("iframe");
  frame.title = title;
  frame.dataset.away = "";
  frame.tabIndex = -1;
  frame.setAttribute("aria-hidden", "true");
  frame.referrerPolicy = "no-referrer";
  frame.src = `${origin}/chat/${id}?lang=${language}`;
  root.append(button, frame);

  const tell = (word) => frame.contentWindow?.postMessage({ torg: "chat", ...word }, origin);
  const show = (shown) => {
    if (shown) delete frame.dataset.away;
    else frame.dataset.away = "";
    frame.tabIndex = shown ? 0 : -1;
    frame.toggleAttribute("aria-hidden", !shown);
    if (!shown) frame.setAttribute("aria-hidden", "true");
    button.setAttribute("aria-expanded", String(shown));
    button.toggleAttribute("data-away", shown); // the frame covers it
    tell({ does: shown ? "open" : "minimise" });
    if (shown) frame.focus();
    else button.focus();
  };
  button.addEventListener("click", () => show("away" in frame.dataset));
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.('a[href="#torg-chat"]')) return;
    event.preventDefault();
    show(true);
  });
  addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== frame.contentWindow || event.data?.torg !== "chat") return;
    const { does, count, is } = event.data;
    if (does === "stands") words.textContent = { waiting, taken }[is] ?? open;
    if (does === "minimise") show(false);
    if (does === "ready") {
      host.dataset.loaded = "";
      if (!("away" in frame.dataset)) tell({ does: "open" }); // pressed before it was there
    }
    if (does === "unread") {
      unread.hidden = !count;
      unread.textContent = count || "";
    }
  });
  /* A page that isn't on the channel's list, or Torg away: rather no button than one that opens a grey sheet over the page */
  frame.addEventListener("load", () => setTimeout(() => "loaded" in host.dataset || host.remove(), 4000));
  (document.body ?? document.documentElement).append(host);
  host.dataset.ready = "";
  if (location.hash === "#torg-chat") show(true); // a link in a letter
})();
