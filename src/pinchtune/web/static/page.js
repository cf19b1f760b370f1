// What the pages gain from a script; without it they work, too.
"use strict";
(() => {
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  root.classList.add("script");

  // Storage can be forbidden by the browser; then there is no copy on the device.
  const store = {
    get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* full */ } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* forbidden */ } },
  };
  if ("forget" in document.body.dataset) {
    // Somebody has logged out: no text of theirs stays on this device.
    try {
      Object.keys(localStorage).filter((key) => key.startsWith("pinch:text:")).forEach(store.drop);
    } catch { /* forbidden */ }
  }

  for (const time of all("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" }).format(moment);
  }

  const menus = all("details.menu");
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus) if (menu.open) { menu.open = false; one("summary", menu).focus(); }
  });

  for (const button of all("[data-copy-from]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(one(button.dataset.copyFrom).textContent);
      button.textContent = button.dataset.done;
    });
  }

  const banner = one("#offline");
  const showOffline = (offline) => { if (banner) banner.hidden = !offline; };
  addEventListener("offline", () => showOffline(true));
  addEventListener("online", () => showOffline(false));
  if (!navigator.onLine) showOffline(true);

  const send = (path, fields) => fetch(path, {
    method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" }, keepalive: true,
  });

  // A keyboard of another script has no such letter: there the place of the key counts.
  const keysOf = ({ key, code }) => {
    const place = /^(?:Key|Digit|Numpad)(\w)$/.exec(code);
    return place && key.charCodeAt(0) > 127 ? [key, place[1].toLowerCase()] : [key.toLowerCase()];
  };

  // Single letters are shortcuts only where they are listed, and can be turned off there.
  const switchKeys = one("#keys-on");
  if (switchKeys) {
    switchKeys.checked = store.get("pinch:keys") !== false;
    const show = () => root.classList.toggle("keys-off", !switchKeys.checked);
    switchKeys.addEventListener("change", () => { store.set("pinch:keys", switchKeys.checked); show(); });
    show();
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox])");
      if (!switchKeys.checked || typing || event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = keysOf(event).map((key) => one(`[data-key~="${CSS.escape(key)}"]`)).find(Boolean);
      if (!target) return;
      event.preventDefault();
      if (target.matches("textarea")) target.focus(); else target.click();
    });
  }

  const desk = one("#desk");
  if (desk) judge(desk, one("#told"));

  // A verdict is sent, and the next pair put in its place. A key that is struck twice by mistake
  // must not judge a pair that nobody can have read yet.
  function judge(desk, told) {
    const settled = 250;
    let shown = performance.now(), running = false;
    desk.addEventListener("submit", async (event) => {
      event.preventDefault();
      const { target: form, submitter } = event;
      if (running || (form.id === "verdict" && performance.now() - shown < settled)) return;
      running = true;
      told.textContent = await attempt(form, submitter).catch(() => desk.dataset.failed);
      told.hidden = !told.textContent;
      running = false;
    });

    async function attempt(form, submitter) {
      const fields = new FormData(form);
      if (submitter?.name) fields.append(submitter.name, submitter.value);
      const answer = await send(form.action, fields);
      const body = await answer.json();
      if (!answer.ok) return body.error;
      desk.innerHTML = body.html;
      shown = performance.now();
      one("#desk-place").focus({ preventScroll: true });
      if (desk.getBoundingClientRect().top < 0) desk.scrollIntoView();
      return "";
    }
  }

  // The map: what it shows is asked for anew while somebody types, and a tile tells more of itself.
  const filter = one("#filter");
  if (filter) explore(filter, one("#found"));

  function explore(filter, found) {
    let timer = 0, asked = 0;
    filter.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 300); });
    filter.addEventListener("submit", (event) => { event.preventDefault(); show(); });

    async function show() {
      clearTimeout(timer);
      const number = ++asked, address = `${filter.action}?${new URLSearchParams(new FormData(filter))}`;
      const answer = await fetch(address).catch(() => null);
      if (!answer || number !== asked) return;
      if (!answer.ok || answer.redirected) { location.assign(address); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (number !== asked) return;
      found.replaceChildren(...one("#found", page).childNodes);
      history.replaceState(null, "", address);
    }

    for (const kind of ["pointerover", "pointerout"]) {
      found.addEventListener(kind, (event) => {
        const tile = event.target.closest(".map-tile"), about = one(".about", found);
        if (tile && about) about.textContent = kind === "pointerover" ? one("title", tile).textContent : about.dataset.about;
      });
    }
  }

  // What a form sent is known to be saved once a page says so; until then the copy stays.
  const sent = sessionStorage.getItem("pinch:sent");
  if (sent && one("main > .notice")) store.drop(sent);
  sessionStorage.removeItem("pinch:sent");

  const form = one("#example");
  if (form) write(form);

  function write(form) {
    const names = ["instruction", "response", "license", "domain"];
    const field = (name) => form.elements.namedItem(name);
    const read = () => Object.fromEntries(names.map((name) => [name, field(name).value]));
    const same = (a, b) => names.every((name) => (a[name] ?? "") === (b[name] ?? ""));
    const status = one("#saved");
    const restore = one(".restore", form);
    const autosaves = "autosave" in form.dataset;
    const keyOf = (place) => `pinch:text:${document.body.dataset.person}:${place}`;
    let copyKey = keyOf(form.dataset.copy);
    let id = form.dataset.id || "";
    let acknowledged = read();
    let timer = 0, checkTimer = 0, wait = 2000, running = null, stopped = false;

    const copy = store.get(copyKey);
    if (copy && !same(copy, acknowledged)) {
      restore.hidden = false;
      one("[data-restore]", form).addEventListener("click", () => {
        for (const name of names) field(name).value = copy[name] ?? "";
        if (!id && copy.key) field("key").value = copy.key;
        restore.hidden = true;
        changed();
        field("instruction").focus();
      });
      one("[data-discard]", form).addEventListener("click", () => { store.drop(copyKey); restore.hidden = true; });
    } else if (copy) store.drop(copyKey);

    const plan = (after) => { clearTimeout(timer); timer = setTimeout(save, after); };

    function changed() {
      store.set(copyKey, { ...read(), key: field("key")?.value, revision: field("revision").value });
      if (autosaves && !stopped && !timer) plan(wait);
      clearTimeout(checkTimer);
      checkTimer = setTimeout(check, 700);
    }
    form.addEventListener("input", (event) => { if (names.includes(event.target.name)) changed(); });

    function fields(text) {
      const found = { ...text, form_token: field("form_token").value, language: form.dataset.language };
      for (const name of id ? ["revision"] : ["key", "template", "site"]) {
        if (field(name)) found[name] = field(name).value;
      }
      return found;
    }

    function save() {
      timer = 0;
      const text = read();
      if (running || stopped || same(text, acknowledged)) return;
      if (!id && !text.instruction.trim() && !text.response.trim()) return;
      status.textContent = form.dataset.saving;
      running = attempt(text).finally(() => {
        running = null;
        if (!stopped && !same(read(), acknowledged) && !timer) plan(wait);
      });
    }

    async function attempt(text) {
      let answer;
      try {
        answer = await send(id ? `/rows/${id}/draft` : "/write/draft", fields(text));
        if (answer.status >= 500) throw new Error("try again");
      } catch {
        wait = Math.min(wait * 2, 30000);
        status.textContent = form.dataset.offline;
        showOffline(true);
        return;
      }
      wait = 2000;
      showOffline(false);
      const body = await answer.json().catch(() => ({}));
      if (answer.ok) return accept(text, body);
      stopped = true;
      status.textContent = answer.status === 409 ? form.dataset.conflict
        : answer.status === 401 ? form.dataset.ended : body.error || form.dataset.offline;
    }

    function accept(text, body) {
      acknowledged = text;
      field("revision").value = body.revision;
      if (!id) begin(body.id);
      if (same(read(), text)) { store.drop(copyKey); status.textContent = form.dataset.saved; }
    }

    // The example exists from now on: the form, its address and its copy become those of it.
    function begin(newId) {
      id = newId;
      const place = `/rows/${id}/edit`;
      form.action = place;
      store.drop(copyKey);
      copyKey = keyOf(place);
      history.replaceState(null, "", place);
    }

    addEventListener("online", () => { wait = 2000; if (autosaves) plan(0); });

    async function check() {
      const text = read();
      if (!text.instruction.trim() && !text.response.trim()) return;
      try {
        const answer = await send("/write/check", { ...fields(text), id });
        if (answer.ok && same(read(), text)) one("#checks").innerHTML = (await answer.json()).html;
      } catch { /* the next change tries again */ }
    }

    // A save that is under way changes the revision: the form waits for it.
    form.addEventListener("submit", (event) => {
      clearTimeout(timer);
      timer = 0;
      if (!navigator.onLine) { event.preventDefault(); showOffline(true); return; }
      if (running) {
        event.preventDefault();
        const { submitter } = event;
        running.finally(() => form.requestSubmit(submitter));
        return;
      }
      stopped = true;
      store.set(copyKey, { ...read(), key: field("key")?.value, revision: field("revision").value });
      sessionStorage.setItem("pinch:sent", copyKey);
    });
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }
})();
