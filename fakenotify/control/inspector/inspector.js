// The inspector: the list, what is open beside it, the search, the keys. Its state is the page's address, so that a link holds it.

import { coalesced, follow, get } from "./api.js";
import { controls } from "./controls.js";
import { DETAILS } from "./details.js";
import { $, el, fill, number, place, plural } from "./dom.js";
import { FIELDS, parse, question, TABLES } from "./tables.js";

const PAGE = 60; // rows that are asked for at once
const MOST = 300; // rows that a refresh asks for at most while somebody reads further down

const at = () => {
  const [view, query] = location.hash.slice(1).split(/\?(.*)/s);
  const given = new URLSearchParams(query);
  const known = Object.hasOwn(TABLES, view) || view === "controls";
  return { view: known ? view : "notifications", q: given.get("q") || "", open: given.get("open") || "", account: given.get("account") || "" };
};
let here = at();
const address = (changes) => {
  const { view, q, open, account } = { ...here, ...changes };
  const query = new URLSearchParams(Object.entries({ q, open, account }).filter(([, value]) => value)).toString();
  return `#${view}${query ? `?${query}` : ""}`;
};
const go = (changes, replace = false) => {
  history[replace ? "replaceState" : "pushState"](null, "", address(changes));
  arrive();
};

let shown = new Map(); // key -> the table row that shows it, in order
let next = null; // the cursor of the rows after those
let asked = 0;
let limit = 20; // of the lists in what is open
const list = $("list");
const body = $("rows").tBodies[0];
const scroller = () => (list.scrollHeight > list.clientHeight + 1 && getComputedStyle(list).overflowY !== "visible" ? list : document.scrollingElement);
const narrowed = (query) => ({ ...query, account_sid: here.account });

const line = (table, row) => {
  const key = table.key(row);
  const cells = table.columns.map(([, kind, cell]) => {
    const content = kind === "main" ? el("a", { href: address({ open: key }) }, cell(row)) : cell(row);
    const node = el("td", { class: kind }, content);
    if (/main|whom|address/.test(kind)) node.title = node.textContent; // it may be cut off
    return node;
  });
  const node = el("tr", { "aria-current": key === here.open ? "true" : null }, cells);
  node.key = key;
  node.said = JSON.stringify(row);
  return node;
};

// Put rows into the list. Where somebody reads, what is read keeps its place on the screen, and a button says what came above.
const show = (table, rows, hold) => {
  const links = document.activeElement?.closest("tr")?.key;
  const top = list.getBoundingClientRect().top;
  const anchor = hold ? [...body.rows].find((row) => row.getBoundingClientRect().bottom > Math.max(top, 0) + 28) : undefined;
  const before = anchor?.getBoundingClientRect().top;
  const fresh = new Map();
  for (const row of rows) {
    const node = line(table, row);
    const old = shown.get(node.key);
    fresh.set(node.key, old && old.said === node.said ? old : node);
  }
  const came = shown.size ? [...fresh.keys()].findIndex((key) => shown.has(key)) : 0;
  shown = fresh;
  place(body, [...fresh.values()]);
  if (links && document.activeElement === document.body) fresh.get(links)?.querySelector("a").focus({ preventScroll: true });
  const still = anchor && fresh.get(anchor.key);
  if (still) scroller().scrollTop += still.getBoundingClientRect().top - before;
  return came;
};

const say = (() => {
  let timer = 0;
  return (words) => {
    clearTimeout(timer);
    timer = setTimeout(() => { $("announcer").textContent = words; }, 300);
  };
})();

let waiting = 0;
const news = (count) => {
  waiting = count;
  $("news").hidden = !count;
  $("news").textContent = `${number(count)} new ↑`;
};
const empty = (...words) => {
  $("nothing").hidden = !words.length;
  $("nothing").replaceChildren(...words);
};

const nothingYet = async () => {
  if (here.q) return empty(el("p", {}, `No ${here.view} match `, el("b", {}, here.q), "."));
  empty(el("p", {}, `There are no ${here.view}.`));
  if (here.view !== "notifications" || here.account) return;
  const [{ account_sid: account }, { services: [service] }] = await Promise.all([get("health"), get("services", { limit: 1 })]);
  const path = service ? `Services/${service.sid}/Notifications` : "Services";
  const data = service ? "--data-urlencode 'Tag=all' --data-urlencode 'Body=Hello!'" : "--data-urlencode 'FriendlyName=demo'";
  empty(el("p", {}, service ? "Nothing was sent yet. Send something, and it appears here:" : "This world is empty. Create a Service, and send with it:"),
    el("pre", { tabindex: "0" }, `curl -u "${account}:$TWILIO_AUTH_TOKEN" ${location.origin}/v1/${path} \\\n  ${data}`));
};

// Read the rows of the list. `fresh`: from the top, whatever is shown now.
const load = async (fresh) => {
  const turn = ++asked;
  const { view } = here;
  const table = TABLES[view];
  const { query, missing } = question(view, parse(here.q));
  if (missing) {
    show(table, [], false);
    next = null;
    $("more").hidden = true;
    return empty(el("p", {}, `${view[0].toUpperCase()}${view.slice(1)} have no ${missing}; their fields are ${fieldsOf(view).join(", ") || "none"}.`));
  }
  const hold = !fresh && shown.size > 0 && (scroller().scrollTop > 0 || Boolean(here.open) || list.matches(":hover") || list.contains(document.activeElement));
  const size = hold ? Math.min(MOST, shown.size + PAGE) : PAGE;
  let answer;
  try {
    answer = await get(view, narrowed({ ...query, ...table.grouped ? { group: "code" } : { order: "newest", limit: size, brief: true } }));
  } catch (error) {
    if (turn !== asked) return undefined;
    show(table, [], false);
    $("more").hidden = true;
    return empty(el("p", { class: "bad" }, error.message));
  }
  if (turn !== asked) return undefined;
  let rows = answer.groups || answer[view];
  const keys = rows.map(table.key);
  if (hold && answer.next) {
    const last = keys.findLastIndex((key) => shown.has(key));
    if (last < 0) return news(rows.length); // so much came that nothing of what is read is among the newest
    const after = [...shown.keys()];
    const rest = last === keys.length - 1 ? after.slice(after.indexOf(keys[last]) + 1).map((key) => JSON.parse(shown.get(key).said)) : [];
    rows = [...rows.slice(0, last + 1), ...rest];
  } else next = answer.next || null;
  const came = show(table, rows, hold);
  if (came > 0) say(`${plural(came, `new ${table.one.toLowerCase()}`)}`);
  if (fresh) scroller().scrollTop = 0;
  news(hold && scroller().scrollTop > 0 && came > 0 ? waiting + came : hold && scroller().scrollTop > 0 ? waiting : 0);
  $("more").hidden = !next;
  $("dropped").hidden = !answer.dropped;
  $("dropped").textContent = `${number(answer.dropped)} older ones are no longer held.`;
  return rows.length ? empty() : nothingYet();
};

const fieldsOf = (view) => Object.keys(FIELDS).filter((field) => FIELDS[field].some((each) => TABLES[view].filters.split(" ").includes(each)));

const more = async () => {
  const turn = asked;
  if (!next || $("more").disabled) return;
  $("more").disabled = true;
  try {
    const { view } = here;
    const answer = await get(view, narrowed({ ...question(view, parse(here.q)).query, order: "newest", limit: PAGE, after: next, brief: true }));
    if (turn !== asked) return;
    for (const row of answer[view]) {
      const node = line(TABLES[view], row);
      if (shown.has(node.key)) continue;
      shown.set(node.key, node);
      body.append(node);
    }
    next = answer.next;
    $("more").hidden = !next;
  } finally { $("more").disabled = false; }
};

const tab = (view) => el("a", { href: address({ view, open: "" }), "data-view": view }, el("span", {}, view[0].toUpperCase() + view.slice(1)), " ", el("span", { class: "number" }));
let counted = 0;
const counts = async () => {
  const turn = ++counted;
  const search = parse(here.q);
  const tell = (view, value) => { if (turn === counted) $("tabs").querySelector(`[data-view=${view}] .number`).textContent = value === null ? "–" : number(value); };
  const all = Object.keys(TABLES).map(async (view) => {
    const { query } = question(view, search);
    tell(view, query ? await get(view, narrowed({ ...query, limit: 0, count: true })).then((answer) => answer.total, () => null) : null);
  });
  const [faults, outcomes] = await Promise.all([get("faults", narrowed({})), get("outcomes", narrowed({}))]);
  tell("controls", faults.faults.filter((each) => each.active).length + outcomes.outcomes.length);
  await Promise.all(all);
};

let clock = null;
const tick = () => {
  if (!clock) return;
  const now = new Date(Date.parse(clock.now) + (clock.frozen ? 0 : performance.now() - clock.read));
  $("clock").textContent = `${Number.isNaN(now.getTime()) ? clock.now : now.toISOString().slice(0, 19).replace("T", " ")} UTC`;
};
const readClock = async () => {
  clock = { ...await get("clock"), read: performance.now() };
  $("frozen").hidden = !clock.frozen;
  tick();
};

const open = async () => {
  const { view, open: key } = here;
  if (view === "controls" || !key) return;
  try {
    const { title, sections } = await DETAILS[view](key, { limit, more: () => { limit += 100; open(); } });
    if (here.view !== view || here.open !== key) return;
    if ($("detail-title").textContent !== title) $("detail-title").textContent = title;
    fill($("sections"), sections);
  } catch (error) {
    fill($("sections"), [["error", error.message, () => el("p", { class: "bad" }, error.message)]]);
  }
};

const steer = async () => {
  const { sections, now } = await controls();
  if (here.view !== "controls") return;
  fill($("panels"), sections);
  for (const [key, parts] of Object.entries(now)) fill($("panels").querySelector(`[data-key=${key}] .now`), parts);
};

const accounts = async () => {
  const sids = (await get("accounts")).accounts.map((each) => each.account_sid);
  $("accounts").hidden = sids.length < 2 && !here.account;
  $("account").replaceChildren(...["", ...sids].map((sid) => el("option", { value: sid, selected: sid === here.account }, sid || "All accounts")));
};

// Show what the address says.
let begun = false;
const arrive = () => {
  begun = true;
  const old = here;
  here = at();
  const other = !body.firstChild || old.view !== here.view || old.q !== here.q || old.account !== here.account;
  const isTable = here.view !== "controls";
  document.title = `${here.view[0].toUpperCase()}${here.view.slice(1)} · fakenotify`;
  $("list-title").textContent = here.view[0].toUpperCase() + here.view.slice(1);
  if ($("query") !== document.activeElement || parse($("query").value).words !== parse(here.q).words) $("query").value = here.q;
  for (const link of $("tabs").children) {
    link.href = address({ view: link.dataset.view, open: "" });
    if (link.dataset.view === here.view) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  list.hidden = !isTable;
  $("controls").hidden = isTable;
  $("detail").hidden = !isTable || !here.open;
  document.body.classList.toggle("opened", isTable && Boolean(here.open));
  $("close").href = address({ open: "" });
  if (old.open !== here.open || old.view !== here.view) {
    limit = 20;
    $("sections").replaceChildren();
    $("detail-title").textContent = "";
    $("detail").scrollTop = 0;
  }
  if (isTable && other) {
    shown = new Map();
    body.replaceChildren();
    $("rows").tHead.replaceChildren(el("tr", {}, TABLES[here.view].columns.map(([name, kind]) => el("th", { scope: "col", class: kind }, name))));
    news(0);
  }
  for (const [key, row] of shown) {
    row.querySelector("a").href = address({ open: key });
    if (key === here.open) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  }
  const rows = isTable ? other && load(true) : steer();
  open();
  if (other) Promise.allSettled([rows]).then(counts).catch(() => {}); // the rows first
};

const refresh = coalesced(() => Promise.allSettled([here.view === "controls" ? steer() : load(false), open(), counts(), readClock(), accounts()]));

// keys
const row = (step) => {
  const rows = [...body.rows];
  const held = document.activeElement?.closest("tr") || body.querySelector("[aria-current]");
  const found = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(held) + step))];
  if (!found) return;
  const link = found.querySelector("a");
  link.focus();
  found.scrollIntoView({ block: "nearest" });
  if (here.open) go({ open: found.key }, true);
  if (rows.indexOf(found) > rows.length - 5) more();
};
const close = () => {
  const key = here.open;
  if (!key) return;
  go({ open: "" });
  shown.get(key)?.querySelector("a").focus();
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") return typing ? event.target.blur() : close();
  if (typing) return;
  const does = { j: () => row(1), k: () => row(-1), "/": () => $("query").select(), "?": () => $("help").showModal() }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});

document.addEventListener("click", (event) => {
  const found = event.target.closest("#rows tbody tr");
  const link = event.target.closest("a") || found?.querySelector("a");
  if (!link?.getAttribute("href")?.startsWith("#") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (found && !event.target.closest("a") && String(getSelection())) return; // somebody marks a text
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href"));
  arrive();
  if (link.id === "close") return;
  if (here.open && (event.detail === 0 || link.closest("#detail"))) $("detail-title").focus({ preventScroll: true });
  if (here.open && innerWidth < 900) $("detail").scrollIntoView();
});
$("close").addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); close(); });
$("news").addEventListener("click", () => { load(true); });
$("more").addEventListener("click", more);
$("skip").addEventListener("click", () => (body.querySelector("a") || $("main").querySelector("section:not([hidden])")).focus());
$("keys").addEventListener("click", () => $("help").showModal());
$("account").addEventListener("change", (event) => go({ account: event.target.value, open: "" }));
$("search").addEventListener("submit", (event) => { event.preventDefault(); body.querySelector("a")?.focus(); });
let typed = 0;
$("query").addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(() => go({ q: $("query").value.trim(), open: "" }, Boolean(here.q)), 150); // one step back leads to before the search
});
new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) more(); }, { rootMargin: "400px" }).observe($("more"));
list.addEventListener("scroll", () => { if (list.scrollTop === 0) news(0); }, { passive: true });
addEventListener("popstate", arrive);

const THEMES = ["auto", "light", "dark"];
const paint = (theme) => {
  document.documentElement.dataset.theme = theme;
  $("theme").textContent = `Theme: ${theme}`;
};
$("theme").addEventListener("click", () => {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  try { localStorage.setItem("fakenotify-theme", theme); } catch { /* then it lasts as long as the page */ }
  paint(theme);
});
try { paint(localStorage.getItem("fakenotify-theme") || "auto"); } catch { paint("auto"); }

$("tabs").append(...Object.keys(TABLES).map(tab), tab("controls"));
const EXAMPLES = {
  identity: "alice", status: "failed, sent, nobody; pending; 429, 4xx, none", code: "52001", tag: "vip", type: "sms", address: "+15005550006",
  operation: "bindings.create, bindings.*", method: "POST", rule: "bindings.create.Tag", warned: "true", request: "RQ…", level: "warning",
  url: "the address of a callback", segment: "gold", service: "IS…", notification: "NT…", binding: "BS…", credential: "CR…",
};
$("fields").append(...Object.keys(FIELDS).flatMap((field) => [el("dt", {}, `${field}:`), el("dd", {}, EXAMPLES[field])]));
setInterval(tick, 1000);
const live = (state, words) => {
  $("live").dataset.state = state;
  $("live").textContent = words;
  $("lost").hidden = state !== "lost";
};
follow({
  onevent: (kind, event) => {
    if (kind === "change" && ["reset", "restore", "import_state"].includes(event.verb) && here.view !== "controls") shown.clear();
    refresh();
  },
  onopen: () => {
    live("live", "Live");
    if (begun) return refresh();
    arrive(); // from here on, nothing happens that the stream does not tell
    return Promise.allSettled([readClock(), accounts()]);
  },
  onlost: () => {
    live("lost", "No connection");
    say("There is no connection to the fake");
    if (!begun) arrive();
  },
});
