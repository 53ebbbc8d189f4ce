// The tables of the page: what each can be searched for, and how one row reads in one line.

import { channel, code, el, marks, number, plural, quiet, status, tags, time } from "./dom.js";

const count = (value, kind = "") => el("span", { class: value ? kind : "quiet" }, number(value));
const codes = ({ codes: [first, ...more] }) => first && el("span", { class: "bad", title: first.title }, `${first.code}${more.length ? ` +${more.length}` : ""}`);
const NOTHING = quiet("no text");

export const words = (shown) => shown.title || shown.body
  ? [shown.title ? el("b", {}, shown.title) : null, shown.title && shown.body ? " " : null, shown.body ? el("span", {}, shown.body) : null]
  : shown.media?.length ? plural(shown.media.length, "picture") : NOTHING.cloneNode(true);

const WHEN = ["Time (UTC)", "when", (row) => time(row.date_created || row.date || row.last, true)];
const byNumber = (row) => `${row.account_sid}.${row.id}`;
const bySid = (row) => row.sid;

// Columns are [heading, class, cell]; the first with the class `main` holds the link. The classes `wide` and `wider` give way first.
export const TABLES = {
  notifications: {
    one: "Notification", key: bySid, filters: "service_sid identity tag segment status code binding_type",
    columns: [
      WHEN, ["Title or body", "main", (row) => words(row.shown)], ["To", "whom", (row) => row.whom],
      ["Channels", "marks several wide", (row) => marks(row.channels)],
      ["Sent", "count", (row) => count(row.counts.sent)], ["Failed", "count", (row) => count(row.counts.failed, "bad")],
      ["Skipped", "count wider", (row) => count(row.counts.skipped)], ["Code", "code first", codes],
    ],
  },
  deliveries: {
    one: "Delivery", key: byNumber, filters: "notification_sid service_sid binding_sid identity binding_type address status code tag credential_sid",
    columns: [
      WHEN, ["Shown", "main", (row) => words(row.shown)], ["To", "whom", (row) => row.identity || row.address],
      ["Channel", "marks", (row) => channel(row.binding_type)], ["Address", "address wider", (row) => row.address],
      ["Status", "state", (row) => status(row.status)], ["Code", "code", (row) => row.error_code && el("span", { class: "bad", title: row.error_title }, String(row.error_code))],
    ],
  },
  requests: {
    one: "Request", key: byNumber, filters: "operation status code method identity tag rule request_id warned",
    columns: [
      WHEN, ["Operation", "main", (row) => row.operation ? el("b", {}, row.operation) : `${row.method} ${row.path}`],
      ["Whom", "whom", (row) => row.whom || row.identity], ["Status", "state", (row) => status(row.status)],
      ["Code", "code", (row) => row.code && el("span", { class: "bad", title: row.message }, String(row.code))],
      ["Warnings", "count long wide", (row) => count(row.warnings.length, "warn")], ["Fault", "fault wider", (row) => row.fault],
      ["Time taken", "count long wider", (row) => duration(row.duration)],
    ],
  },
  alerts: {
    one: "Alert", key: (row) => String(row.code), filters: "notification_sid service_sid binding_sid binding_type level code identity status", grouped: true,
    columns: [
      ["Code", "code", (row) => String(row.code)], ["Times", "count", (row) => `× ${number(row.count)}`],
      ["What", "main", (row) => el("b", {}, row.title || row.text)], ["Level", "state", (row) => status(row.level)], ["Last (UTC)", "when", WHEN[2]],
    ],
  },
  callbacks: {
    one: "Callback", key: byNumber, filters: "notification_sid service_sid status url identity",
    columns: [
      WHEN, ["Address", "main", (row) => row.url], ["Notification", "whom wide", (row) => words(row.notification || {})],
      ["Deliveries", "count long", (row) => count(row.count)], ["Tries", "count", (row) => count(row.attempts.length)], ["Status", "state", (row) => status(row.status)],
    ],
  },
  services: {
    one: "Service", key: bySid, filters: "",
    columns: [
      WHEN, ["Name", "main", (row) => el("b", {}, row.friendly_name || quiet("no name"))], ["Sid", "sid wider", (row) => row.sid],
      ["Bindings", "count long", (row) => count(row.counts.bindings)], ["Users", "count wide", (row) => count(row.counts.users)],
      ["Notifications", "count long", (row) => count(row.counts.notifications)],
    ],
  },
  bindings: {
    one: "Binding", key: bySid, filters: "service_sid identity binding_type tag address credential_sid",
    columns: [
      WHEN, ["Identity", "main", (row) => el("b", {}, row.identity)], ["Channel", "marks", (row) => channel(row.binding_type)],
      ["Address", "address", (row) => row.address], ["Tags", "whom wide", (row) => tags(row.tags)], ["Service", "whom wider", (row) => row.service_name || row.service_sid],
    ],
  },
  credentials: {
    one: "Credential", key: bySid, filters: "type",
    columns: [
      WHEN, ["Name", "main", (row) => el("b", {}, row.friendly_name || quiet("no name"))], ["Type", "marks", (row) => channel(row.type)],
      ["Sid", "sid", (row) => row.sid],
    ],
  },
};

export const duration = (seconds) => {
  if (seconds === null || seconds === undefined) return null;
  return seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;
};

// A field that the search names, and the parameters that mean it, the first that a table has.
export const FIELDS = {
  identity: ["identity"], status: ["status"], code: ["code"], tag: ["tag"], type: ["binding_type", "type"], address: ["address"],
  operation: ["operation"], method: ["method"], rule: ["rule"], warned: ["warned"], request: ["request_id"], level: ["level"], url: ["url"],
  segment: ["segment"], service: ["service_sid"], notification: ["notification_sid"], binding: ["binding_sid"], credential: ["credential_sid"],
};

// `alice status:failed tag:"very important"` as the words and the named fields of it.
export const parse = (text) => {
  const named = {};
  const plain = [];
  for (const [, key, value, quoted, word] of text.matchAll(/(\w+):("[^"]*"|\S+)|"([^"]+)"|(\S+)/g)) {
    if (key && Object.hasOwn(FIELDS, key)) named[key] = value.replaceAll('"', "");
    else plain.push(key ? `${key}:${value}` : quoted || word);
  }
  return { words: plain.join(" "), named };
};

// What a table is asked for, or the name of a field that it does not have.
export const question = (name, search) => {
  const has = TABLES[name].filters.split(" ");
  const query = { q: search.words };
  for (const [field, value] of Object.entries(search.named)) {
    const parameter = FIELDS[field].find((each) => has.includes(each));
    if (!parameter) return { missing: field };
    query[parameter] = value;
  }
  return { query };
};
