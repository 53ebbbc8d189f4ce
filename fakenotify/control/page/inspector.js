// Keeps the inspector fresh and sends its forms. The page is complete without it: no HTML is made here, only fetched.
"use strict";

(() => {
  const root = document.documentElement;
  const THEMES = ["auto", "light", "dark"];
  const QUIET = 150; // milliseconds without an event before the page asks again
  const LONGEST = 1000; // and how long it waits at most while events keep coming
  const ANYWAY = 15000; // what a test changes in Python, faults for one, is told by no event

  const stored = () => {
    try { return localStorage.getItem("fakenotify-theme") || "auto"; } catch { return "auto"; }
  };
  const paint = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  paint(stored()); // before the first paint

  const CHANGED_BY = {
    notifications: ["notifications", "alerts", "callbacks", "services"],
    services: ["services", "notifications", "callbacks"],
    credentials: ["services"],
    bindings: ["services"],
    users: ["services"],
    segments: ["services"],
  };
  const ALL = ["summary", "notifications", "requests", "alerts", "callbacks", "services", "controls"];

  const sources = new WeakMap(); // what the server said of a row, before anybody opened or marked it
  const remember = (part) => {
    for (const row of part.querySelectorAll("[data-key]")) sources.set(row, row.outerHTML);
  };
  const partOf = (name, within = document) => within.querySelector(`[data-part="${name}"]`);
  const rowsOf = (part) => new Map([...part.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row]));
  const isChanged = (field) => field.matches("select")
    ? [...field.options].some((each) => each.selected !== each.defaultSelected)
    : field.value !== field.defaultValue;
  const isBusy = (part) => [...part.querySelectorAll("form [name]")].includes(document.activeElement); // somebody types

  // what was filled in and not sent, and what was wrong with it, goes on to the form's new state
  const carry = (old, fresh) => {
    for (const form of old.querySelectorAll("form")) {
      const twin = [...fresh.querySelectorAll("form")].find((each) => each.dataset.path === form.dataset.path);
      if (!twin) continue;
      for (const field of form.querySelectorAll("[name]")) {
        if (isChanged(field) && twin.elements[field.name]) twin.elements[field.name].value = field.value;
      }
      const wrong = form.querySelector("output.bad");
      if (wrong) twin.querySelector("output").replaceWith(wrong);
    }
  };

  // Put a part's new state in its place; rows that are the same stay the same nodes, open and focused as they are.
  const put = (fresh) => {
    const name = fresh.dataset.part;
    const old = partOf(name);
    if (!old) return;
    if (isBusy(old)) return void wanted.add(name);
    const active = document.activeElement;
    const held = old.contains(active) ? active : null;
    const known = rowsOf(old);
    for (const [key, row] of rowsOf(fresh)) {
      const before = known.get(key);
      if (before && sources.get(before) === row.outerHTML) {
        before.classList.remove("fresh"); // or it would flash again
        row.replaceWith(before);
        continue;
      }
      sources.set(row, row.outerHTML);
      if (before) {
        const open = [...before.querySelectorAll("details")].map((each) => each.open);
        row.querySelectorAll("details").forEach((each, at) => { if (open[at]) each.open = true; });
      } else {
        row.classList.add("fresh");
      }
    }
    const folds = [...old.querySelectorAll(":scope > details")].map((each) => each.open);
    fresh.querySelectorAll(":scope > details").forEach((each, at) => { if (folds[at]) each.open = true; });
    carry(old, fresh);
    old.replaceWith(fresh);
    wake(fresh);
    if (held) focusAgain(held, fresh);
  };

  const focusAgain = (held, fresh) => {
    let next = held.isConnected ? held : null;
    if (!next && held.matches("a")) next = [...fresh.querySelectorAll("a")].find((each) => each.href === held.href);
    if (!next && held.matches("summary")) {
      const key = held.closest("[data-key]")?.dataset.key;
      next = key ? [...fresh.querySelectorAll("[data-key]")].find((row) => row.dataset.key === key)?.querySelector("summary") : null;
    }
    if (!next && held.matches("button")) next = [...fresh.querySelectorAll("button")].find((each) => each.textContent === held.textContent);
    next?.focus({ preventScroll: true });
  };

  let wanted = new Set();
  let timer = 0;
  let since = 0;
  let asking = false;
  const ask = (names) => {
    for (const name of names) wanted.add(name);
    const now = Date.now();
    if (!timer) since = now;
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.max(0, Math.min(QUIET, since + LONGEST - now)));
  };

  const refresh = async () => {
    timer = 0;
    if (asking) return ask([]);
    const names = [...wanted].filter((name) => partOf(name));
    const busy = names.filter((name) => isBusy(partOf(name)));
    wanted = new Set(busy);
    const due = names.filter((name) => !busy.includes(name));
    if (!due.length) return;
    asking = true;
    try {
      const query = new URLSearchParams(location.search);
      query.set("part", due.join(","));
      const answer = await fetch(`${location.pathname}?${query}`);
      if (!answer.ok) throw new Error((await answer.json()).error);
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of [...parsed.querySelectorAll("[data-part]")]) put(document.adoptNode(part));
    } catch (error) {
      say(String(error.message || error));
    } finally {
      asking = false;
    }
  };

  let told = [];
  let telling = 0;
  const say = (words) => {
    told.push(words);
    clearTimeout(telling);
    telling = setTimeout(() => {
      const announcer = document.getElementById("announcer");
      announcer.textContent = told.length > 3 ? `${told.length} new requests` : told.join(". ");
      told = [];
    }, 400);
  };

  let stream = null;
  const listen = () => {
    stream?.close();
    stream = new EventSource(document.body.dataset.events);
    const live = document.getElementById("live");
    stream.onopen = () => {
      if (live.classList.contains("lost")) ask(ALL);
      live.classList.remove("lost");
      live.title = "The page follows what happens";
    };
    stream.onerror = () => {
      live.classList.add("lost");
      live.title = "No connection to the fake; trying again";
    };
    stream.addEventListener("control", (event) => {
      const { method, path } = JSON.parse(event.data);
      ask(ALL);
      say(`${method} ${path}`);
    });
    stream.addEventListener("callback", (event) => {
      ask(["callbacks", "notifications", "alerts", "summary"]);
      say(`callback: ${JSON.parse(event.data).status}`);
    });
    stream.addEventListener("request", (event) => {
      const request = JSON.parse(event.data);
      const resource = (request.operation || "").split(".")[0];
      ask(["summary", "requests", ...(CHANGED_BY[resource] || []), ...(request.fault ? ["controls"] : [])]);
      say(`${request.operation || request.path}: ${request.status ?? "no answer"}${request.code ? `, ${request.code}` : ""}`);
    });
  };
  const hush = () => {
    stream?.close();
    stream = null;
  };

  // what a form says, as the control API reads it
  const valueOf = (field) => {
    if (field.dataset.json === "number") return Number(field.value);
    if (field.dataset.json === "boolean") return field.value === "true";
    return field.value;
  };
  const bodyOf = (form) => {
    const body = {};
    for (const field of form.querySelectorAll("[name]")) {
      if (field.value === "" || field.closest("[hidden]")) continue;
      if (form.hasAttribute("data-changed") && !isChanged(field)) continue;
      body[field.name] = valueOf(field);
    }
    return body;
  };
  const send = async (source, body) => {
    const { method, path } = source.dataset;
    const output = source.querySelector("output") || source.closest(".control")?.querySelector("output");
    let words = "Done.";
    let failed = false;
    try {
      const answer = await fetch(path, {
        method,
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      if (!answer.ok) throw new Error((await answer.json()).error);
    } catch (error) {
      words = String(error.message || error);
      failed = true;
    }
    if (output) {
      output.textContent = words;
      output.classList.toggle("bad", failed);
    }
    if (!failed) {
      if (source.matches("form")) {
        source.querySelector("fieldset > button").focus();
        source.reset();
      }
      say(words);
      ask(ALL);
    }
  };

  // let a part's controls work
  const wake = (part) => {
    for (const each of part.querySelectorAll("fieldset:disabled, button:disabled")) each.disabled = false;
    for (const each of part.querySelectorAll("[data-copy]")) each.hidden = !navigator.clipboard;
    for (const form of part.querySelectorAll("form")) sift(form);
    tick();
  };
  const sift = (form) => {
    const kind = form.elements?.fault?.value;
    if (!kind) return;
    for (const label of form.querySelectorAll("[data-kinds]")) label.hidden = !label.dataset.kinds.split(" ").includes(kind);
  };

  const began = new WeakMap(); // when a clock was put on the page
  const tick = () => {
    for (const clock of document.querySelectorAll("time[data-ticks]")) {
      if (!began.has(clock)) began.set(clock, performance.now());
      const now = new Date(Date.parse(clock.dateTime) + performance.now() - began.get(clock));
      if (!Number.isNaN(now.getTime())) clock.textContent = now.toISOString().slice(0, 19).replace("T", " ");
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const live = document.getElementById("live");
    const theme = document.getElementById("theme");
    const name = (chosen) => { theme.textContent = `Theme: ${chosen}`; };
    live.hidden = theme.hidden = false;
    name(stored());
    theme.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length];
      try { localStorage.setItem("fakenotify-theme", next); } catch { /* then it lasts as long as the page */ }
      paint(next);
      name(next);
    });
    live.addEventListener("click", () => {
      const on = live.getAttribute("aria-pressed") !== "true";
      live.setAttribute("aria-pressed", String(on));
      live.textContent = on ? "Live" : "Paused";
      if (on) { listen(); ask(ALL); } else hush();
    });
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.copy) navigator.clipboard.writeText(button.dataset.copy).then(() => { button.textContent = "Copied"; });
      if (!button?.dataset.path) return;
      if (button.dataset.confirm && !confirm(button.dataset.confirm)) return;
      send(button, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
    });
    document.addEventListener("submit", (event) => {
      if (!event.target.dataset.path) return;
      event.preventDefault();
      send(event.target, bodyOf(event.target));
    });
    document.addEventListener("change", (event) => {
      const form = event.target.form;
      if (form?.role === "search" && event.target.matches("select")) form.requestSubmit();
      else if (form) sift(form);
    });
    document.addEventListener("focusout", () => { if (wanted.size) ask([]); });
    document.addEventListener("visibilitychange", () => {
      if (live.getAttribute("aria-pressed") !== "true") return;
      if (document.hidden) hush();
      else { listen(); ask(ALL); }
    });
    for (const part of document.querySelectorAll("[data-part]")) { remember(part); wake(part); }
    setInterval(tick, 1000);
    setInterval(() => { if (stream && !document.hidden) ask(ALL); }, ANYWAY);
    listen();
  });
})();
