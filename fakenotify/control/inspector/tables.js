// The tables of the page: a row in one line.

import { bad, channel, channelName, h, number, plural, quiet, status, tags, time } from "./dom.js";

export const words = ({ title, body, media = [] } = {}) => {
  if (title || body) return [title && h.b(title), title && body && " ", body];
  return media.length ? plural(media.length, "picture") : quiet("no text");
};
export const duration = (seconds) => seconds < 1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(2)} s`;

const marks = ({ channels }) => channels.map(({ binding_type: type, sent, failed }) => channel(type, {
  class: failed ? "channel bad" : "channel", title: `${channelName(type)}: ${sent} sent, ${failed} failed`,
}));
const codes = ({ codes: [first, ...more] }) => first && bad(first.code, more.length > 0 && ` +${more.length}`);

// How the address of the page names a row, and how the control API finds it.
const BY_SID = { key: (row) => row.sid, find: (sid) => ({ sid }) };
const BY_CODE = { group: "code", key: (row) => String(row.code), find: (value) => ({ code: value }) };
const BY_NUMBER = {
  key: (row) => `${row.account_sid || ""}.${row.id}`,
  find: (key) => ({ account_sid: key.split(".")[0], id: key.split(".")[1] }),
};

// Columns are [heading, class, cell]: `main` holds the link; a narrow page leaves out `wider` first, then `wide`.
const WHEN = ["Time (UTC)", "when", (row) => time(row.date_created || row.date || row.last, true)];
const CHANNEL = ["Channel", "marks", (row) => channel(row.binding_type || row.type)];
const STATUS = ["Status", "state", (row) => status(row.level || row.status)];
const CODE = ["Code", "code bad", (row) => String(row.code || row.error_code || "")];
const NAME = ["Name", "main", (row) => row.friendly_name ? h.b(row.friendly_name) : quiet("no name")];
const table = (key, ...columns) => ({ ...key, columns });

export const TABLES = {
  notifications: table(BY_SID, WHEN,
    ["Title or body", "main", (row) => words(row.shown)], ["To", "whom", (row) => row.whom],
    ["Channels", "marks several wide", marks], ["Sent", "count", (row) => row.counts.sent],
    ["Failed", "count bad", (row) => row.counts.failed], ["Skipped", "count wider", (row) => row.counts.skipped],
    ["Code", "code", codes]),
  deliveries: table(BY_NUMBER, WHEN,
    ["Shown", "main", (row) => words(row.shown)], ["To", "whom", (row) => row.identity || row.address],
    CHANNEL, ["Address", "address wider", (row) => row.address], STATUS, CODE),
  requests: table(BY_NUMBER, WHEN,
    ["Operation", "main", (row) => row.operation ? h.b(row.operation) : `${row.method} ${row.path}`],
    ["Whom", "whom", (row) => row.whom], STATUS, CODE,
    ["Warnings", "count long warn wide", (row) => row.warnings.length],
    ["Fault", "fault wider", (row) => row.fault_words], ["Took", "count wider", (row) => duration(row.duration)]),
  alerts: table(BY_CODE, WHEN, CODE,
    ["What", "main", (row) => h.b(row.title || row.text)],
    ["Times", "count", (row) => `× ${number(row.count)}`], STATUS),
  callbacks: table(BY_NUMBER, WHEN,
    ["Address", "main", (row) => row.url], ["Notification", "whom wide", (row) => words(row.notification)],
    ["Deliveries", "count long", (row) => row.count], ["Attempts", "count long", (row) => row.attempts.length], STATUS),
  services: table(BY_SID, WHEN, NAME,
    ["Sid", "sid wider", (row) => row.sid], ["Bindings", "count long", (row) => row.counts.bindings],
    ["Users", "count wide", (row) => row.counts.users],
    ["Notifications", "count long", (row) => row.counts.notifications]),
  bindings: table(BY_SID, WHEN,
    ["Identity", "main", (row) => h.b(row.identity)], CHANNEL, ["Address", "address", (row) => row.address],
    ["Tags", "whom wide", (row) => tags(row.tags)],
    ["Service", "whom wider", (row) => row.service_name || row.service_sid]),
  credentials: table(BY_SID, WHEN, NAME, CHANNEL, ["Sid", "sid", (row) => row.sid]),
};
