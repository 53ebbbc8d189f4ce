// One record at length: what each table shows of the row that is open, as sections for `fill`.

import { get } from "./api.js";
import { block, CHANNEL, channel, code, curl, el, facts, fold, number, plural, pretty, quiet, section, status, tags, time } from "./dom.js";
import { duration, words } from "./tables.js";

const to = (view, key, ...text) => el("a", { href: `#${view}?${new URLSearchParams({ open: key })}` }, ...text);
const link = (view, sid, name) => sid && to(view, sid, name || sid); // to what a record names, if it does
const find = (view, q, ...text) => el("a", { href: `#${view}?${new URLSearchParams({ q })}` }, ...text);
const one = async (table, query) => (await get(table, { ...query, limit: 1 }))[table][0];
const byNumber = (table, key) => {
  const [account, id] = key.split(".");
  return one(table, { account_sid: account === "null" ? null : account, id });
};
const more = (shown, total, context) => shown < total
  ? el("button", { type: "button", "data-name": "more", onclick: context.more }, `Show more: ${number(total - shown)} are not shown`) : null;
const mono = (text) => el("code", {}, text);
// A section with a list, or with a word where there is nothing.
const listed = (title, rows, make, { total = rows.length, none = "none", rest = null } = {}) => section(
  `${title} (${number(total)})`, rows.length ? el("ul", { class: "lines" }, rows.map(make)) : quiet(none), rest);
const nothing = () => el("p", { hidden: true });
const json = (record) => ["json", record, () => fold("json", "The record as JSON", block(pretty(record)))];

const LOOKS = { sms: "bubble", "facebook-messenger": "bubble", alexa: "voice" };
// What is seen on a device. A data message shows nothing by itself, so it is not drawn as if it did.
const picture = ({ binding_type: type, shown, payload, service_name: app }, times) => {
  const media = (shown.media || []).map((each) => el("p", { class: "media" }, each));
  const label = el("figcaption", {}, channel(type), times > 1 ? quiet(` × ${number(times)}`) : null);
  if (shown.data_message) {
    const { aps, ...custom } = payload || {};
    const data = type === "apn" ? custom : custom.message?.data || custom.data || {};
    return el("figure", { class: "data" }, label, el("p", {}, "A data message: the app decides what to show."), facts(Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]))));
  }
  const head = LOOKS[type] ? null : el("p", { class: "app" }, app || "Your app");
  const empty = shown.title || shown.body || media.length ? null : el("p", { class: "quiet" }, "Nothing to be seen.");
  return el("figure", { class: LOOKS[type] || "card" }, label, el("div", { class: "screen" }, head,
    shown.title && el("p", { class: "title" }, shown.title), shown.body && el("p", {}, shown.body), media, empty));
};

// What those see whom a Notification has reached; `all`: whether these are all of them, so that they can be counted.
const pictures = (deliveries, all) => {
  const looks = new Map();
  for (const each of deliveries) {
    const look = JSON.stringify([each.binding_type, each.shown]);
    looks.set(look, { each, times: (looks.get(look)?.times || 0) + 1 });
  }
  return [...looks.values()].slice(0, 12).map(({ each, times }) => picture(each, all ? times : 1));
};

const trouble = (row, shown = code) => row.error_code && el("span", { class: "trouble" },
  shown(row.error_code), " ", row.error_message || row.error_title,
  row.error_title && row.error_message && row.error_title !== row.error_message ? quiet(` (${row.error_title})`) : null);
const sentBody = (request) => request.body_type === "form" ? new URLSearchParams(Object.entries(request.body).flatMap(
  ([name, value]) => [value].flat().map((each) => [name, each]))).toString() : pretty(request.body);
const headerLines = (headers) => Object.entries(headers || {}).map(([name, value]) => `${name}: ${value}`);
const wire = ({ request, headers, payload }) => block(request
  ? [`${request.method} ${request.url}`, ...headerLines(request.headers), "", sentBody(request)].join("\n")
  : [...headerLines(headers), pretty(payload)].join("\n"));

const line = (row) => el("li", {}, el("details", { "data-name": `delivery ${row.account_sid}.${row.id}` },
  el("summary", {}, status(row.status), " ", channel(row.binding_type), " ", el("b", {}, row.identity || "direct"), " ",
    el("span", { class: "address" }, row.address), " ", trouble(row, String)),
  el("p", { class: "links" }, to("deliveries", `${row.account_sid}.${row.id}`, "this delivery"),
    row.binding_sid && [" · ", to("bindings", row.binding_sid, "its Binding")],
    row.sid && quiet(` · ${row.sid}`)),
  wire(row)));

const alert = (row) => el("li", {}, status(row.level), " ", code(row.code), " ", row.text || row.title, " ", time(row.date_created),
  row.notification_sid && [" ", to("notifications", row.notification_sid, "its Notification")]);
const attempt = (each) => el("li", {}, time(each.date), " ",
  each.status ? status(each.status) : el("span", { class: "bad" }, each.error), each.body && quiet(` ${each.body}`));
const callback = (row) => el("li", {}, status(row.status), " ", el("code", {}, row.url), " ", plural(row.count, "delivery", "deliveries"), " ",
  to("callbacks", `${row.account_sid}.${row.id}`, "more"),
  row.attempts.length ? el("ol", {}, row.attempts.map(attempt)) : el("p", { class: "quiet" }, "Not tried yet."));
const sent = (request) => [
  facts({
    "Operation": to("requests", `${request.account_sid}.${request.id}`, request.operation || `${request.method} ${request.path}`),
    "Answer": [status(request.status), request.code ? [" ", code(request.code), " ", request.message] : null],
    "Took": duration(request.duration),
    "Request id": mono(request.request_id),
  }),
  fold("curl", "Copy as curl", block(curl(request), "Copy as curl")),
];
const binding = (row) => el("li", {}, channel(row.binding_type), " ", to("bindings", row.sid, row.identity), " ",
  el("span", { class: "address" }, row.address), " ", tags(row.tags));
const gone = (what) => ({ title: what, sections: [
  ["gone", what, () => el("p", {}, "It is no longer there: deleted, reset or dropped as one of the oldest.")],
] });
const reason = ({ count, reason: why, identities }) => el("li", {}, el("b", {}, number(count)), " ", why,
  quiet(`: ${identities.join(", ")}${count > identities.length ? ", …" : ""}`));

const SURE = {
  documented: "Twilio's documentation says so",
  observed: "it was seen on the real service",
  sibling: "another product of Twilio's does so",
  sample: "it is in one of Twilio's samples",
  assumed: "nothing says so: it is an assumption of fakenotify's",
};

// Each reads what it shows and returns a title and sections, or says that the record is gone.
export const DETAILS = {
  notifications: async (sid, context) => {
    const record = await one("notifications", { sid });
    if (!record) return gone("Notification");
    const its = { notification_sid: sid, limit: context.limit, count: true };
    const [explained, failed, delivered, { alerts, total: alerted }, { callbacks, total: called }, made] = await Promise.all([
      get(`explain/${sid}`, { limit: 0 }).catch(() => null), // its Service may be gone
      get("deliveries", { ...its, status: "FAILED" }),
      get("deliveries", { ...its, status: "SENT" }),
      get("alerts", its),
      get("callbacks", { ...its, brief: true }),
      one("requests", { sid }),
    ]);
    const { counts, shown } = record;
    const deliveries = [...failed.deliveries, ...delivered.deliveries];
    const total = counts.sent + counts.failed;
    return { title: [shown.title, shown.body].filter(Boolean).join(": ") || "Notification without text", sections: [
      ["head", record, () => facts({
        "To": record.whom,
        "Service": link("services", record.service_sid, record.service_name),
        "Time": time(record.date_created),
        "Reached": [`${number(counts.sent)} sent, `, el("span", { class: counts.failed ? "bad" : "" }, `${number(counts.failed)} failed`),
          `, ${number(counts.skipped)} skipped`],
        "Codes": record.codes.map((each) => el("p", {}, code(each.code), ` × ${number(each.count)} `, each.title)),
        "Sid": mono(sid),
      })],
      ["pictures", [counts, delivered.deliveries.map((each) => [each.binding_type, each.shown])], () => section("On the devices", counts.sent
        ? el("div", { class: "pictures" }, pictures(delivered.deliveries, delivered.deliveries.length === counts.sent))
        : quiet("Nobody got it."))],
      ["deliveries", [deliveries, total], () => listed("Deliveries", deliveries, line, { total, rest: more(deliveries.length, total, context) })],
      ["skipped", [explained?.reasons, counts], () => listed("Who did not get it", explained?.reasons || [], reason,
        { total: counts.skipped, none: counts.skipped ? "The reasons went with its Service." : "Every Binding of the Service was selected." })],
      ["alerts", alerts, () => listed("Alerts", alerts, alert, { total: alerted })],
      ["callbacks", callbacks, () => listed("Callbacks", callbacks, callback, { total: called })],
      ["request", made, () => section("The request that made it", made
        ? sent(made) : quiet("It was made by a test, or its request was dropped as one of the oldest."))],
      json(record),
    ] };
  },

  deliveries: async (key) => {
    const row = await byNumber("deliveries", key);
    if (!row) return gone("Delivery");
    const heading = row.status === "FAILED" ? "What the device would show" : "On the device";
    return { title: `${CHANNEL[row.binding_type] || row.binding_type} to ${row.identity || row.address}`, sections: [
      ["head", row, () => facts({
        "Status": [status(row.status), " ", trouble(row)],
        "Notification": link("notifications", row.notification_sid),
        "Service": link("services", row.service_sid, row.service_name),
        "Binding": link("bindings", row.binding_sid),
        "Address": row.address,
        "Credential": link("credentials", row.credential_sid, row.credential_name),
        "Provider's id": row.sid,
        "Protocol version": row.protocol_version,
        "Time": time(row.date_created),
      })],
      ["picture", row, () => section(heading, el("div", { class: "pictures" }, picture(row, 1)))],
      ["wire", row, () => section("What the provider gets", wire(row))],
      json(row),
    ] };
  },

  requests: async (key) => {
    const row = await byNumber("requests", key);
    if (!row) return gone("Request");
    const rule = row.rule && await get(`rules/${row.rule}`).catch(() => null);
    const params = Object.entries(row.params).map(([name, value]) => [name, [value].flat().map((each) => el("p", {}, each))]);
    return { title: row.operation || `${row.method} ${row.path}`, sections: [
      ["head", row, () => facts({
        "Answer": [status(row.status), row.code ? [" ", code(row.code), " ", row.message] : null],
        "Request": mono(`${row.method} ${row.path}`),
        "Whom": row.whom || row.identity,
        "Made": /^NT/.test(row.sid) ? link("notifications", row.sid) : row.sid,
        "Fault": row.fault && el("b", { class: "bad" }, row.fault),
        "Took": duration(row.duration),
        "Time": time(row.date),
        "Account": row.account_sid,
        "Request id": mono(row.request_id),
      })],
      ["rule", [row.rule, rule], () => !row.rule ? nothing() : section("Why it was refused",
        el("p", {}, (rule?.says || row.rule).replaceAll("`", "")),
        facts({
          "Rule": mono(row.rule),
          "How sure": [row.label, SURE[row.label]].filter(Boolean).join(": "),
          "Source": rule?.source,
        }))],
      ["warnings", row.warnings, () => !row.warnings.length ? nothing()
        : listed("Warnings", row.warnings, (each) => el("li", { class: "warn" }, each))],
      ["params", row.params, () => section("Parameters", params.length ? facts(Object.fromEntries(params)) : quiet("none"),
        fold("curl", "Copy as curl", block(curl(row), "Copy as curl")))],
      ["body", row.body, () => section("Answer", row.body ? block(pretty(row.body)) : quiet("no body"))],
    ] };
  },

  alerts: async (key, context) => {
    const { alerts, total } = await get("alerts", { code: key, order: "newest", limit: context.limit, count: true });
    if (!total) return gone(`Alert ${key}`);
    return { title: `${key} ${alerts[0].title || ""}`, sections: [
      ["twilio", key, () => el("p", {}, code(key), quiet(" in Twilio's dictionary of errors"))],
      ["alerts", [alerts, total], () => listed("Alerts", alerts, alert, { total, rest: more(alerts.length, total, context) })],
    ] };
  },

  callbacks: async (key) => {
    const row = await byNumber("callbacks", key);
    if (!row) return gone("Callback");
    const left = row.count - row.states.length;
    return { title: `Callback ${row.sequence_id}${row.is_final ? ", the last" : ""}`, sections: [
      ["head", row, () => facts({
        "Status": status(row.status),
        "Address": mono(row.url),
        "Notification": to("notifications", row.notification_sid, words(row.notification || {}), " ", row.notification_sid),
        "Deliveries": number(row.count),
        "Signature": mono(row.signature),
        "Time": time(row.date_created),
      })],
      ["attempts", row.attempts, () => listed("Tries", row.attempts, attempt, { none: "Not tried yet." })],
      ["params", row.params, () => section("The form that is posted",
        facts(Object.fromEntries(Object.entries(row.params).map(([name, values]) => [name, values.join(", ")]))))],
      ["states", row.states, () => section(`DeliveryState (${number(row.count)})`,
        row.states.map((each) => block(pretty(each))), left > 0 ? quiet(`and ${number(left)} more`) : null)],
      json(row),
    ] };
  },

  services: async (sid, context) => {
    const its = { service_sid: sid, limit: context.limit, count: true };
    const [row, { bindings, total }, { users, total: people }, { segments, total: groups }] = await Promise.all([
      one("services", { sid }), get("bindings", its), get("users", its), get("segments", its),
    ]);
    if (!row) return gone("Service");
    const { counts, sid: _, account_sid: account, friendly_name: name, id, ...settings } = row;
    const setting = ([key, value]) => [key, /_credential_sid$/.test(key) ? link("credentials", value) : value === null ? null : String(value)];
    const user = (each) => el("li", {}, find("bindings", `service:${sid} identity:"${each.identity}"`, each.identity), " ",
      plural(each.bindings, "Binding"), " ", tags(each.segments));
    return { title: name || "Service without a name", sections: [
      ["head", row, () => facts({
        "Sid": mono(sid),
        "Account": account,
        "Notifications": find("notifications", `service:${sid}`, number(counts.notifications)),
        "Deliveries": find("deliveries", `service:${sid}`, "all of them"),
      })],
      ["bindings", [bindings, total], () => listed("Bindings", bindings, binding, { total, rest: more(bindings.length, total, context) })],
      ["users", [users, people], () => listed("Users", users, user, { total: people, rest: more(users.length, people, context) })],
      ["segments", [segments, groups], () => !groups ? nothing() : listed("Segments", segments,
        (each) => el("li", {}, tags([each.unique_name]), " ", plural(each.users, "User")), { total: groups })],
      ["settings", settings, () => section("Settings", facts(Object.fromEntries(Object.entries(settings).map(setting))))],
    ] };
  },

  bindings: async (sid, context) => {
    const [row, { deliveries, total }] = await Promise.all([
      one("bindings", { sid }), get("deliveries", { binding_sid: sid, order: "newest", limit: context.limit, count: true }),
    ]);
    if (!row) return gone("Binding");
    return { title: `${row.identity}, ${CHANNEL[row.binding_type] || row.binding_type}`, sections: [
      ["head", row, () => facts({
        "Address": row.address,
        "Tags": tags(row.tags),
        "Service": link("services", row.service_sid, row.service_name),
        "Credential": link("credentials", row.credential_sid),
        "Protocol version": row.notification_protocol_version,
        "Made": time(row.date_created),
        "Changed": time(row.date_updated),
        "Sid": mono(sid),
      })],
      ["deliveries", [deliveries, total], () => listed("Deliveries", deliveries, line, { total, rest: more(deliveries.length, total, context) })],
      json(row),
    ] };
  },

  credentials: async (sid) => {
    const row = await one("credentials", { sid });
    if (!row) return gone("Credential");
    return { title: row.friendly_name || "Credential without a name", sections: [
      ["head", row, () => facts({
        "Type": channel(row.type),
        "Sandbox": row.sandbox,
        "Made": time(row.date_created),
        "Changed": time(row.date_updated),
        "Bindings": find("bindings", `credential:${sid}`, "those that name it"),
        "Sid": mono(sid),
      })],
      json(row),
    ] };
  },
};
