// The list, the open record, the search and the keys. The page's address has everything that was chosen.

import { coalesced, follow, get } from "./api.js";
import { controls } from "./controls.js";
import { detail } from "./details.js";
import { bad, capital, h, number, plural, quiet, update } from "./dom.js";
import { TABLES } from "./tables.js";

const PAGE = 60; // rows in one request
const MOST = 300; // the most rows that a refresh reads again
const VIEWS = [...Object.keys(TABLES), "controls"];

const $ = (id) => document.getElementById(id);
const list = $("list");

let here = { view: "" };
const at = () => {
  const [view, query] = location.hash.slice(1).split(/\?(.*)/s);
  const { q = "", open = "", account = "", lines = "" } = Object.fromEntries(new URLSearchParams(query));
  return { view: VIEWS.includes(view) ? view : VIEWS[0], q, open, account, lines };
};
const address = (changes) => {
  const { view, ...query } = { ...here, lines: "", ...changes };
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return `#${view}${given.size ? `?${given}` : ""}`;
};
const go = (changes, replace = false) => {
  history[replace ? "replaceState" : "pushState"](null, "", address(changes));
  arrive();
};

// The list.
const EMPTY = { rows: [], next: null, dropped: 0, note: null, unseen: 0 };
let shown = EMPTY; // its rows, the cursor of those that follow, and how many new ones are above what is read
let asked = 0; // how often it was read

const line = (row) => {
  const { key, columns } = TABLES[here.view];
  const cells = columns.map(([, kind, cell]) => {
    const value = cell(row);
    const text = typeof value === "number" ? h.span({ class: value ? null : "quiet" }, number(value)) : value;
    return h.td({ class: kind }, kind === "main" ? h.a({ href: address({ open: key(row) }) }, text) : text);
  });
  for (const cell of cells) cell.title = cell.textContent; // it may be cut off
  return h.tr({ "data-key": key(row), "aria-current": key(row) === here.open && "true" }, cells);
};
const show = (changes) => {
  shown = { ...shown, ...changes };
  const { rows, next, dropped, note, unseen } = shown;
  const columns = TABLES[here.view].columns.map(([name, kind]) => h.th({ scope: "col", class: kind }, name));
  const news = unseen > 0 && h.button({ id: "news", onclick: () => load("all") }, `${number(unseen)} new ↑`);
  update(list, h.h2({ id: "list-title", class: "hidden" }, capital(here.view)), h.div({ class: "news" }, news),
    h.table({ id: "rows" }, h.thead(h.tr(columns)), h.tbody(rows.map(line))),
    note && h.div({ id: "note" }, h.p({ class: note.kind }, note.words), note.command && h.pre(note.command)),
    next && h.button({ id: "more", onclick: () => load("more") }, "Show more"),
    dropped > 0 && h.p({ id: "dropped" }, quiet(`${number(dropped)} older ones have been dropped.`)));
};
const lineOf = (key) => [...list.querySelectorAll("tbody tr")].find((each) => each.dataset.key === key);
// Whether somebody is reading the rows; new ones then wait until they are asked for.
const isRead = () => list.scrollTop + scrollY > 0 || here.open || list.contains(document.activeElement);

// The text where there are no rows.
const nothing = async () => {
  const isNarrow = here.view !== VIEWS[0] || here.account || here.q;
  if (isNarrow) return { words: `There are no ${here.view}${here.q && ` that match “${here.q}”`}.` };
  const [{ account_sid: sid }, { services: [one] }] = await Promise.all([get("health"), get("services")]);
  const path = one ? `Services/${one.sid}/Notifications -d Tag=all -d Body=Hello` : "Services -d FriendlyName=demo";
  const command = `curl -u "${sid}:$TWILIO_AUTH_TOKEN" ${location.origin}/v1/${path}`;
  return { words: "Nothing has been sent yet. Requests appear here as they are made, for example:", command };
};

// Read "all" rows from the top, "more" of them, or what is "new" and what has changed in the others.
const load = async (what) => {
  const turn = ++asked;
  const { view, q: search, account: account_sid } = here;
  if (view === "controls") return;
  const { key, group } = TABLES[view];
  const { rows } = shown;
  const hold = what === "new" && rows.length > 0 && isRead();
  const after = what === "more" ? shown.next : null;
  const limit = hold ? Math.min(MOST, rows.length + PAGE) : PAGE;
  const answer = await get(view, { search, account_sid, group, order: "newest", brief: true, limit, after }).catch(
    (error) => ({ [view]: [], note: { words: error.message, kind: "bad" } }));
  let { [view]: read, groups, next = null, dropped = 0, note = null } = answer;
  read = groups || read;
  if (!read.length && !note && !after) note = await nothing();
  if (turn !== asked) return;
  if (after) return show({ rows: [...rows, ...read], next });
  const known = new Map(rows.map((row, index) => [key(row), index]));
  const first = read.findIndex((row) => known.has(key(row)));
  const came = what === "all" || !rows.length ? 0 : first < 0 ? read.length : first;
  if (hold && read.length) {
    const older = first < 0 ? rows : rows.slice((known.get(key(read.at(-1))) ?? rows.length) + 1);
    read = [...read.slice(came), ...older];
    if (older.length) next = shown.next;
  }
  show({ rows: read, next, dropped, note, unseen: hold ? came : 0 });
  if (came) $("announcer").textContent = plural(came, "new row");
  if (what === "all") list.scrollTop = 0;
  scrolled();
};
const scrolled = coalesced(async () => {
  if (shown.unseen && !isRead()) await load("all");
  if (shown.next && $("more").getBoundingClientRect().top < innerHeight + 400) await load("more");
});

// The tabs and what they count.
let totals = {};
const total = (view) => totals[view] === null ? "–" : totals[view]?.toLocaleString("en");
const tabs = () => update($("tabs"), VIEWS.map((view) => h.a({
  href: address({ view, open: "" }), "data-view": view, "aria-current": view === here.view && "page",
}, capital(view), " ", h.span({ class: "number" }, total(view)))));
const count = async () => {
  const { q, account } = here;
  const answer = await get("totals", { search: q, account_sid: account });
  if (q !== here.q || account !== here.account) return;
  totals = { ...answer, controls: answer.faults + answer.outcomes };
  tabs();
};

// The row that is open, or the controls.
const open = async () => {
  const { view, open: key, lines } = here;
  if (view !== "controls" && !key) return;
  const read = view === "controls" ? controls(open) : detail(view, key, Number(lines) || 20);
  const { title, parts } = await read.catch((error) => ({ title: capital(view), parts: h.p(bad(error.message)) }));
  if (view !== here.view || key !== here.open) return;
  const close = key && h.a({ id: "close", href: address({ open: "" }) }, "Close");
  update($("detail"), h.div({ class: "bar" }, h.h2({ id: "detail-title", tabindex: "-1" }, title), close),
    h.div({ id: "sections" }, parts));
};

// The clock and the accounts.
let clock = null;
const tick = () => {
  const now = clock && new Date(clock.now + (clock.frozen ? 0 : performance.now() - clock.read));
  if (now) $("clock").textContent = `${now.toISOString().slice(0, 19).replace("T", " ")} UTC`;
};
const head = async () => {
  const [{ now, frozen }, { accounts }] = await Promise.all([get("clock"), get("accounts")]);
  clock = { now: Date.parse(now), frozen, read: performance.now() };
  tick();
  $("frozen").hidden = !frozen;
  $("account").hidden = accounts.length < 2 && !here.account;
  update($("account"), h.option({ value: "" }, "All accounts"), accounts.map((each) => h.option(each.account_sid)));
  $("account").value = here.account;
};

// Show what the address asks for.
const arrive = () => {
  const old = here;
  here = at();
  const isTable = here.view !== "controls";
  const isOther = old.view !== here.view;
  const inList = list.contains(document.activeElement);
  document.title = `${capital(here.view)} · fakenotify`;
  if ($("query").value.trim() !== here.q) $("query").value = here.q;
  list.hidden = !isTable;
  $("detail").hidden = isTable && !here.open;
  tabs();
  if (isOther || old.open !== here.open) $("detail").scrollTop = 0;
  if (isOther) [shown, asked] = [EMPTY, asked + 1]; // an answer that comes now is not for this table
  if (isTable) show();
  if (isTable && old.open && !here.open) lineOf(old.open)?.querySelector("a").focus();
  open().then(() => { // opening a row moves the focus to it, going on from row to row does not
    if (old.view && here.open && old.open !== here.open && !(old.open && inList)) $("detail-title").focus();
  });
  const isSame = !isOther && old.q === here.q && old.account === here.account;
  if (!isSame) load("all").then(count, count).catch(() => {}); // the rows first; a refresh repeats what fails
};
const refresh = coalesced(() => Promise.allSettled([load("new"), open(), count(), head()]));

// Keys and clicks.
const step = (by) => {
  const keys = shown.rows.map((row) => TABLES[here.view].key(row)); // Controls has no rows
  const from = keys.indexOf(document.activeElement.closest("tr")?.dataset.key || here.open);
  const key = keys[Math.max(0, Math.min(keys.length - 1, from + by))];
  if (!key) return;
  lineOf(key).querySelector("a").focus();
  if (here.open) go({ open: key }, true);
};
const KEYS = {
  "j": () => step(1),
  "k": () => step(-1),
  "/": () => $("query").select(),
  "?": () => $("help").showModal(),
  "Escape": () => here.open && go({ open: "" }),
};
document.onkeydown = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || !Object.hasOwn(KEYS, event.key)) return;
  const isTyping = event.target.matches("input, select");
  if (isTyping && event.key !== "Escape") return;
  event.preventDefault();
  if (isTyping) event.target.blur();
  else KEYS[event.key]();
};
list.onclick = ({ target }) => {
  if (!target.closest("a") && getSelection().isCollapsed) target.closest("tbody tr")?.querySelector("a").click();
};
$("keys").onclick = KEYS["?"];
$("account").onchange = ({ target }) => go({ account: target.value, open: "" });
$("search").onsubmit = (event) => {
  event.preventDefault();
  list.querySelector("td a")?.focus();
};
let typed = 0;
$("query").oninput = ({ target }) => {
  clearTimeout(typed);
  const [q, isOn] = [target.value.trim(), Boolean(here.q)]; // going back undoes the whole search
  typed = setTimeout(() => go({ q, open: "" }, isOn), 150);
};
document.addEventListener("scroll", scrolled, { capture: true, passive: true });
addEventListener("hashchange", arrive);

const THEME = "fakenotify-theme";
$("theme").onchange = ({ target }) => localStorage.setItem(THEME, target.value);
try { $("theme").value = localStorage.getItem(THEME) || ""; } catch { /* the choice then lasts as long as the page */ }
setInterval(tick, 1000);

arrive();
follow({
  onevent: ({ verb }) => {
    if (["reset", "restore", "import_state"].includes(verb)) shown = EMPTY; // none of these rows exist any more
    refresh();
  },
  onstate: (isLive) => {
    $("live").className = isLive ? "good" : "bad";
    $("live").textContent = isLive ? "Live" : "No connection";
    $("lost").hidden = isLive;
    if (isLive) refresh();
  },
});
