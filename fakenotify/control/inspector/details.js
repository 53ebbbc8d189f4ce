// The open record: what each table shows of it.

import { get } from "./api.js";
import {
  bad, block, capital, channel, channelName, code, facts, fold, h, number, plural, pretty, quiet, section, spaced,
  status, tags, time,
} from "./dom.js";
import { duration, TABLES } from "./tables.js";

const one = async (table, query) => (await get(table, { ...query, order: "newest", limit: 1 }))[table][0];
const some = (table, query) => get(table, { order: "newest", ...query, count: true }).then(
  ({ [table]: rows, total }) => ({ rows, total }));

// Links to a record, by its key or its row, and to the results of a search.
const link = (view, query, text) => h.a({ href: `#${view}?${new URLSearchParams(query)}` }, text);
const open = (view, key, text) => link(view, { open: key }, text);
const openRow = (view, row, text) => open(view, TABLES[view].key(row), text);
const search = (view, q, text) => link(view, { q }, text);

const KINDS = { NT: "notifications", IS: "services", BS: "bindings", CR: "credentials" };
const fact = (row, name) => {
  const value = row[name];
  const view = KINDS[/^([A-Z]{2})[0-9a-f]{32}$/.exec(value)?.[1]];
  if (view && name !== "sid") return open(view, value, row[name.replace("_sid", "_name")] || value);
  if (/^date/.test(name)) return time(value);
  if (name === "status") return status(value);
  if (name === "duration") return duration(value);
  return Array.isArray(value) ? tags(value) : String(value);
};
// Those of the named fields that have a value.
const fields = (row, names) => Object.fromEntries(names.split(" ").filter((name) => (row[name] ?? "") !== "")
  .map((name) => [capital(name.replace(/_sid$/, "")), fact(row, name)]));

const listed = (title, rows, line, none = "none") => section(title,
  rows.length ? h.ul({ class: "lines" }, rows.map((row) => h.li(spaced(line(row))))) : quiet(none));
const paged = (title, { rows, total }, line) => {
  const made = listed(`${title} (${number(total)})`, rows, line);
  const longer = location.hash.replace(/(&lines=\d+)?$/, `&lines=${rows.length + 100}`);
  const rest = total - rows.length;
  if (rest) made.append(h.a({ href: longer }, `Show more: ${number(rest)} are not shown`));
  return made;
};

// What a device shows. A data message shows nothing by itself, so it is not drawn as a notification.
const picture = ({ binding_type: type, shown, data, service_name: app }, times) => {
  const label = h.figcaption(channel(type), times > 1 && quiet(` × ${number(times)}`));
  const warning = h.p("A data message: the app decides what to show.");
  if (shown.data_message) return h.figure({ class: "data" }, label, warning, block(pretty(data)));
  const seen = [shown.title && h.b(shown.title), shown.body, ...shown.media].filter(Boolean).map((each) => h.p(each));
  const sender = h.p({ class: "app quiet" }, app || "Your app");
  return h.figure({ class: `card ${type}` }, label,
    h.div({ class: "screen" }, sender, seen.length ? seen : quiet("Nothing is shown.")));
};
// Deliveries that look alike are drawn once, with their number if all of them are here.
const pictures = (deliveries, total = 1) => {
  const alike = Map.groupBy(deliveries, (each) => JSON.stringify([each.binding_type, each.shown]));
  const drawn = [...alike.values()].map((each) => picture(each[0], deliveries.length === total && each.length));
  return h.div({ class: "pictures" }, drawn);
};

const texts = (params) => facts(Object.fromEntries(Object.entries(params).map(
  ([name, values]) => [name, [values].flat().map((value) => h.p(value))])));
const curl = (row) => fold("curl", "Copy as curl", block(row.curl, "Copy as curl"));
const answer = (row) => spaced([status(row.status), row.code && code(row.code), row.message]);
const trouble = (row, shown) => row.error_code && h.span({ class: "trouble" },
  shown(row.error_code), " ", [...new Set([row.error_title, row.error_message])].filter(Boolean).join(": "));

// A record as one line of a list.
const delivery = (row) => [h.details({ "data-key": TABLES.deliveries.key(row) },
  h.summary(spaced([status(row.status), channel(row.binding_type), h.b(row.identity || "direct"),
    h.span({ class: "address" }, row.address), trouble(row, String)])),
  h.p(openRow("deliveries", row, "details")), block(row.http))];
const alert = (row) => [status(row.level), code(row.code), row.text || row.title, time(row.date_created),
  row.notification_sid && open("notifications", row.notification_sid, "its Notification")];
const attempt = (each) => [time(each.date), each.status ? status(each.status) : bad(each.error), quiet(each.body)];
const callback = (row) => [status(row.status), h.code(row.url), plural(row.count, "delivery", "deliveries"),
  openRow("callbacks", row, "more"), h.ol(row.attempts.map((each) => h.li(spaced(attempt(each)))))];
const binding = (row) => [channel(row.binding_type), open("bindings", row.sid, row.identity),
  h.span({ class: "address" }, row.address), tags(row.tags)];
const user = (row) => [search("bindings", `service:${row.service_sid} identity:"${row.identity}"`, row.identity),
  plural(row.bindings, "Binding"), tags(row.segments)];
const segment = (row) => [tags([row.unique_name]), plural(row.users, "User")];
const reason = ({ count, reason: why, identities }) => [h.b(number(count)), `${why}:`,
  quiet(identities.join(", "), count > identities.length && ", …")];

// Each takes a row and the most lines of a list, and returns a title, facts and the sections below them.
const SHOW = {
  async notifications({ sid, shown, counts, ...row }, limit) {
    const its = { notification_sid: sid, limit, order: "oldest" };
    const [failed, sent, alerts, callbacks, made, { reasons = [] }] = await Promise.all([
      some("deliveries", { ...its, status: "FAILED" }),
      some("deliveries", { ...its, status: "SENT" }),
      some("alerts", its),
      some("callbacks", { ...its, brief: true }),
      one("requests", { sid }),
      get(`explain/${sid}`, { limit: 0 }).catch(() => ({})), // its Service may be deleted
    ]);
    const reached = Object.entries(counts).map(([name, count]) => `${number(count)} ${name}`).join(", ");
    return [[shown.title, shown.body].filter(Boolean).join(": ") || "Notification without text", {
      To: row.whom,
      ...fields(row, "service_sid date_created"),
      Reached: counts.failed ? bad(reached) : reached,
      Codes: row.codes.map((each) => h.p(spaced([code(each.code), `× ${number(each.count)}`, each.title]))),
      Sid: sid,
    }, [
      section("On the devices", sent.total ? pictures(sent.rows, sent.total) : quiet("No device received it.")),
      paged("Deliveries", { rows: [...failed.rows, ...sent.rows], total: failed.total + sent.total }, delivery),
      listed(`Who did not receive it (${number(counts.skipped)})`, reasons, reason, counts.skipped
        ? "Its Service was deleted, and the reasons with it." : "Every Binding of the Service was selected."),
      paged("Alerts", alerts, alert),
      paged("Callbacks", callbacks, callback),
      section("The request that created it", made
        ? [h.p(openRow("requests", made, made.operation), " ", answer(made)), curl(made)]
        : quiet("A test created it, or its request was dropped as one of the oldest.")),
    ]];
  },

  deliveries: (row) => [`${channelName(row.binding_type)} to ${row.identity || row.address}`, {
    Status: spaced([status(row.status), trouble(row, code)]),
    ...fields(row, "notification_sid service_sid binding_sid address credential_sid sid protocol_version date_created"),
  }, [
    section(row.status === "FAILED" ? "What the device would show" : "On the device", pictures([row])),
    section("The request to the provider", block(row.http)),
  ]],

  async requests(row) {
    const rule = row.rule && await get(`rules/${row.rule}`).catch(() => null);
    return [row.operation || `${row.method} ${row.path}`, {
      Answer: answer(row),
      Request: h.code(`${row.method} ${row.path}`),
      Fault: row.fault && bad(row.fault_words),
      ...fields({ ...row, made_sid: row.sid }, "whom made_sid duration date account_sid request_id"),
    }, [
      row.rule && section("Why it was refused", h.p((rule?.says || row.rule).replaceAll("`", "")), facts({
        "Rule": h.code(row.rule), "How sure": row.sure, "Source": rule?.source,
      })),
      row.warnings.length > 0 && listed("Warnings", row.warnings, (each) => [h.span({ class: "warn" }, each)]),
      section("Parameters", texts(row.params), curl(row)),
      section("Answer", row.body ? block(pretty(row.body)) : quiet("no body")),
    ]];
  },

  alerts: async (row, limit) => [`${row.code} ${row.title || ""}`, { "At Twilio": code(row.code) },
    [paged("Alerts", await some("alerts", { code: row.code, limit }), alert)]],

  callbacks: (row) => [`Callback ${row.sequence_id}${row.is_final ? ", the last" : ""}`,
    fields(row, "status url notification_sid count signature date_created"), [
    listed(`Attempts (${row.attempts.length})`, row.attempts, attempt, "none yet"),
    section("The form that is posted", texts(row.params)),
    section(`DeliveryState (${number(row.count)})`, row.states.map((each) => block(pretty(each))),
      row.count > row.states.length && quiet(`and ${number(row.count - row.states.length)} more`)),
  ]],

  async services({ friendly_name: name, counts, id, ...row }, limit) {
    const its = ["bindings", "users", "segments"].map((table) => some(table, { service_sid: row.sid, limit }));
    const [bindings, users, segments] = await Promise.all(its);
    return [name || "Service without a name", {
      Notifications: search("notifications", `service:${row.sid}`, number(counts.notifications)),
      Deliveries: search("deliveries", `service:${row.sid}`, "all of them"),
    }, [
      paged("Bindings", bindings, binding),
      paged("Users", users, user),
      segments.total > 0 && paged("Segments", segments, segment),
      section("Settings", facts(fields(row, Object.keys(row).join(" ")))),
    ]];
  },

  bindings: async (row, limit) => [`${row.identity}, ${channelName(row.binding_type)}`,
    fields(row, "address tags service_sid credential_sid notification_protocol_version date_created date_updated sid"),
    [paged("Deliveries", await some("deliveries", { binding_sid: row.sid, limit }), delivery)]],

  credentials: (row) => [row.friendly_name || "Credential without a name", {
    Bindings: search("bindings", `credential:${row.sid}`, "those that name it"),
    ...fields(row, "type sandbox date_created date_updated sid"),
  }, []],
};

// The title and the parts of an open row, with lists of up to `limit` lines.
export const detail = async (view, key, limit) => {
  const row = await one(view, TABLES[view].find(key));
  if (!row) throw new Error("It no longer exists: it was deleted, reset or dropped as one of the oldest.");
  const [title, head, parts] = await SHOW[view](row, limit);
  return { title, parts: [facts(head), ...parts, fold("json", "The record as JSON", block(pretty(row)))] };
};
