// Building the page.

const isGiven = (value) => value !== undefined && value !== null && value !== false;

// `h.p({ class: "quiet" }, "text", node)` makes an element; attributes may be left out. Children are nodes or text,
// never markup: what a test has sent stays text.
const element = (name, first, ...rest) => {
  const node = document.createElement(name);
  const named = first?.constructor === Object;
  for (const [key, value] of Object.entries(named ? first : {})) {
    if (typeof value === "function") node[key] = value;
    else if (isGiven(value)) node.setAttribute(key, value === true ? "" : value);
  }
  const children = named ? rest : [first, ...rest];
  node.append(...children.flat(Infinity).filter(isGiven));
  return node;
};
export const h = new Proxy({}, { get: (_, name) => (...given) => element(name, ...given) });

// Make `old` look like `node`, and keep its focus, selection, open folds and typed text.
const renewed = (old, node) => {
  if (old.nodeName !== node.nodeName) return node;
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== node.data) old.data = node.data;
    return old;
  }
  if (node.nodeName === "OUTPUT") return old; // it keeps the result of the last action, and its colour
  const gone = old.getAttributeNames().filter((name) => name !== "open" && !node.hasAttribute(name));
  gone.forEach((name) => old.removeAttribute(name));
  const changed = [...node.attributes].filter(({ name, value }) => old.getAttribute(name) !== value);
  changed.forEach(({ name, value }) => old.setAttribute(name, value));
  for (const name of ["onclick", "onchange", "onsubmit"]) old[name] = node[name];
  update(old, ...node.childNodes);
  if (node.matches("select[value]")) old.value = node.getAttribute("value");
  return old;
};

// Make these the children of `parent`. What was there stays: a node with the same `data-key`, else that in its place.
export const update = (parent, ...given) => {
  const held = document.activeElement;
  const keyOf = (node, index) => node.dataset?.key || index;
  const old = new Map([...parent.childNodes].map((node, index) => [keyOf(node, index), node]));
  const nodes = given.flat(Infinity).filter(isGiven).map((node, index) => {
    const known = old.get(keyOf(node, index));
    return known ? renewed(known, node) : node;
  });
  const stay = new Set(nodes);
  [...parent.childNodes].filter((node) => !stay.has(node)).forEach((node) => node.remove());
  nodes.forEach((node, index) => {
    const there = parent.childNodes[index];
    if (there !== node) parent.insertBefore(node, there || null);
  });
  if (document.activeElement !== held) held.focus({ preventScroll: true }); // a node loses it when it is moved
};

export const number = (value) => Number(value).toLocaleString("en");
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
export const capital = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");
export const pretty = (value) => JSON.stringify(value, null, 2);
export const quiet = (...children) => h.span({ class: "quiet" }, children);
export const bad = (...children) => h.span({ class: "bad" }, children);
export const spaced = (parts) => parts.filter(isGiven).flatMap((each) => [each, " "]);

// A time in UTC; `short` is for a column whose heading says UTC.
export const time = (iso, short = false) => {
  const [day, clock] = [iso.slice(0, 10), iso.slice(11, 19)];
  const here = new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const words = short ? [h.span({ class: "day" }, `${day.slice(5)} `), clock] : `${day} ${clock} UTC`;
  return h.time({ datetime: iso, title: `${day} ${clock} UTC; ${here} where you are` }, words);
};

// A status with a mark, so that it doesn't depend on colour alone.
export const status = (value) => {
  const text = String(value ?? "no answer").toLowerCase();
  const mark = /^(sent|delivered|[23]\d\d)$/.test(text) ? "✓" : { pending: "…", warning: "!" }[text] || "✕";
  const kind = { "✓": "good", "✕": "bad" }[mark] || "warn";
  return h.span({ class: `status ${kind}` }, h.span({ class: "mark", "aria-hidden": "true" }, mark), text);
};

export const channelName = (type) => type.split("-").at(-1).toUpperCase(); // facebook-messenger: MESSENGER
export const channel = (type, given = {}) => h.span({ class: "channel", ...given }, channelName(type));
export const tags = (values) => values.map((each) => h.span({ class: "tag" }, each));
export const code = (value) => h.a(
  { href: `https://www.twilio.com/docs/api/errors/${value}`, target: "_blank" }, String(value));

export const block = (text, words = "Copy") => h.div({ class: "block" }, h.pre({ tabindex: "0" }, text), h.button({
  class: "copy",
  hidden: !navigator.clipboard,
  onclick: async ({ target }) => {
    await navigator.clipboard.writeText(text);
    target.textContent = "Copied";
    setTimeout(() => { target.textContent = words; }, 1500);
  },
}, words));
export const fold = (key, summary, ...children) => h.details({ "data-key": key }, h.summary(summary), children);
export const section = (title, ...children) => h.section(
  { "data-key": title.replace(/ \(.*/, "") }, h.h3(title), children); // a number in brackets may change

export const facts = (pairs) => h.dl({ class: "facts" }, Object.entries(pairs)
  .filter(([, value]) => isGiven(value) && value.length !== 0)
  .map(([name, value]) => h.div({ "data-key": name }, h.dt(name), h.dd(value))));
