// Building the page. Children are nodes or text, never markup: what a test has sent stays text.

export const $ = (id) => document.getElementById(id);

export const el = (name, given = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return node;
};

// Make `nodes` the children of `parent`. Those that stay are not moved, so that they keep focus and selection.
export const place = (parent, nodes) => {
  const stay = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!stay.has(child)) child.remove();
  let at = parent.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
};

// Show sections, each `[key, data, make]`. A section whose data are the same stays as it is; a new one keeps open folds and focus.
export const fill = (pane, sections) => {
  const known = new Map([...pane.children].map((node) => [node.dataset.key, node]));
  const held = document.activeElement;
  let focus = null;
  const fresh = sections.map(([key, data, make]) => {
    const said = JSON.stringify(data);
    const old = known.get(key);
    if (old && old.said === said) return old;
    const node = make(data);
    node.dataset.key = key;
    node.said = said;
    if (old) {
      const twin = (each) => node.querySelector(`[data-name="${CSS.escape(each.dataset.name || "")}"]`);
      for (const fold of old.querySelectorAll("details[open]")) twin(fold)?.setAttribute("open", "");
      if (old.contains(held)) focus = twin(held.closest("[data-name]") || held);
    }
    return node;
  });
  place(pane, fresh);
  (focus?.matches("details") ? focus.firstChild : focus)?.focus({ preventScroll: true });
};

export const number = (value) => Number(value).toLocaleString("en");
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
export const pretty = (value) => JSON.stringify(value, null, 2);
export const quiet = (...children) => el("span", { class: "quiet" }, ...children);

// A time as everything here says it, in UTC: short in a list below a heading that says so, else whole.
export const moment = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
export const time = (iso, short = false) => {
  const here = new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const parts = short ? [el("span", { class: "day" }, `${iso.slice(5, 10)} `), iso.slice(11, 19)] : moment(iso);
  return el("time", { datetime: iso, title: `${moment(iso)}; ${here} where you are` }, parts);
};

const GOOD = /^(SENT|DELIVERED|ok|[23]\d\d)$/;
const WAIT = /^(PENDING|WARNING)$/;
// A status with a mark of its own, so that colour is not all that tells.
export const status = (value) => {
  const text = value === null || value === undefined ? "no answer" : String(value);
  const kind = GOOD.test(text) ? "good" : WAIT.test(text) ? "warn" : "bad";
  const mark = { good: "✓", warn: text === "PENDING" ? "…" : "!", bad: "✕" }[kind];
  return el("span", { class: `status ${kind}` }, el("span", { class: "mark", "aria-hidden": "true" }, mark), text.toLowerCase());
};

const SHORT = { apn: "APN", "facebook-messenger": "FB" };
export const CHANNEL = { apn: "APNs", fcm: "FCM", gcm: "GCM", sms: "SMS", "facebook-messenger": "Messenger", alexa: "Alexa" };
export const channel = (type) => el("span", { class: "channel" }, CHANNEL[type] || type);
// Several channels in one narrow cell.
export const marks = (channels) => channels.map(({ binding_type: type, sent, failed }) => el("span", {
  class: `channel${failed ? " bad" : ""}`, title: `${CHANNEL[type] || type}: ${sent} sent, ${failed} failed`,
}, SHORT[type] || CHANNEL[type] || type));

export const tags = (values) => values.map((each) => el("span", { class: "tag" }, each));
export const code = (value) => el("a", { href: `https://www.twilio.com/docs/api/errors/${Number(value)}`, rel: "noreferrer", target: "_blank" }, String(value));

export const copy = (text, words = "Copy") => el("button", {
  type: "button", class: "copy", hidden: !navigator.clipboard,
  onclick: async (event) => {
    const button = event.target;
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = words; }, 1500);
  },
}, words);

export const block = (text, words) => el("div", { class: "block" }, el("pre", { tabindex: "0" }, text), copy(text, words));
export const fold = (name, summary, ...children) => el("details", { "data-name": name }, el("summary", {}, summary), ...children);
export const section = (title, ...children) => el("section", {}, el("h3", {}, title), ...children);
export const facts = (pairs) => el("dl", { class: "facts" }, Object.entries(pairs)
  .filter(([, value]) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length))
  .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
// A request to Notify as a line for a shell; the token is the reader's to fill in.
export const curl = (request) => {
  const pairs = Object.entries(request.params || {}).flatMap(([name, value]) => [value].flat().map((each) => `${name}=${each}`));
  const read = request.method === "GET" || request.method === "DELETE";
  return [
    `curl${read ? " -G" : ""} -X ${request.method} ${quote(location.origin + request.path)}`,
    `-u "${request.account_sid || "$TWILIO_ACCOUNT_SID"}:$TWILIO_AUTH_TOKEN"`,
    ...pairs.map((pair) => `--data-urlencode ${quote(pair)}`),
  ].join(" \\\n  ");
};
