// The controls: faults, outcomes, the clock, the world as a whole, the switches.

import { get, send } from "./api.js";
import { capital, h, number, plural, quiet, section, time } from "./dom.js";

const labelled = (label, field) => h.label({ "data-key": label }, h.span(label), field);
const input = (name, given) => h.input({ name, ...given });
const select = (given, pairs, value) => h.select(given, pairs.map(
  ([each, text = each]) => h.option({ value: each, selected: String(each) === String(value) }, text)));
const plain = (words) => words.replaceAll("`", "");

// Run `work`, and show in the panel how it ended.
const run = async (source, work) => {
  const output = source.closest("section").querySelector("output");
  const failure = await work().then(() => null, (error) => error.message);
  output.className = failure ? "bad" : "";
  output.textContent = failure || "Done.";
  return !failure;
};
const button = (text, ...call) => h.button({ onclick: ({ target }) => run(target, () => send(...call)) }, text);

const form = (action, submit, ...fields) => h.form({
  "data-key": submit,
  onsubmit: async (event) => {
    event.preventDefault();
    const given = [...new FormData(event.target)].filter(([, value]) => value !== "").map(
      ([name, value]) => [name, event.target.elements[name].type === "number" ? Number(value) : value]);
    if (await run(event.target, () => action(Object.fromEntries(given)))) event.target.reset();
  },
}, h.div({ class: "fields" }, fields), h.button(submit));
const times = () => labelled("How often", input("times", { type: "number", min: 1, placeholder: "always" }));
const listed = (rows, line, none) => rows.length ? h.ul({ class: "lines" }, rows.map(line)) : h.p(quiet(none));

const USUAL = { status: 429, seconds: 1, requests: 10 };
const PHASES = { before: "instead of the effect", after: "after the effect" };
const argument = ({ name, type, required }) => labelled(capital(name), input(name, {
  type: type === "string" ? "text" : "number", step: "any", required, value: required && USUAL[name],
}));

const faultForm = ({ operations, kinds }, chosen, again) => {
  const kind = kinds.find((each) => each.kind === chosen) || kinds[0];
  const groups = new Set(operations.map((each) => `${each.split(".")[0]}.*`));
  const names = [["*", "* (every request)"], ...[...groups, ...operations].map((each) => [each])];
  const ways = kinds.map((each) => [each.kind, plain(each.words).split(". ")[0]]);
  return form((body) => send("POST", "faults", body), "Inject the fault",
    labelled("Operation", select({ name: "operation" }, names)),
    labelled("What goes wrong", select({ name: "fault", onchange: again }, ways, kind.kind)),
    kind.fields.map(argument), times(),
    labelled("Let through first", input("after", { type: "number", min: 0, placeholder: "none" })),
    labelled("When", select({ name: "phase" }, kind.phases.map((each) => [each, PHASES[each]]))));
};

const outcomeForm = ({ codes, binding_types: types }) => {
  const answers = codes.map(({ code, title }) => [code, `${code} ${title}`]);
  const channels = [["", "any that the code is for"], ...types.map((each) => [each.binding_type, each.label])];
  return form((body) => send("POST", "outcomes", { ...body, code: Number(body.code) }), "Make deliveries fail",
    labelled("The provider answers", select({ name: "code" }, answers)),
    labelled("Identity", input("identity", { placeholder: "anybody" })), labelled("Address", input("address")),
    labelled("Channel", select({ name: "binding_type" }, channels)), times());
};

const move = ({ amount = 0, unit, at }) => send("POST", "clock",
  at ? { move_to: `${at.padEnd(19, ":00")}Z` } : { shift: amount * unit });
const clockForm = () => form(move, "Move the clock",
  labelled("Move forward by", input("amount", { type: "number", step: "any", value: 1 })),
  labelled("Unit", select({ name: "unit" }, [[3600, "hours"], [60, "minutes"], [1, "seconds"], [86400, "days"]])),
  labelled("or to (UTC)", input("at", { type: "datetime-local", step: 1 })));

const clockNow = ({ now, frozen }) => {
  const [words, body] = frozen ? ["Resume", { resume: true }] : ["Freeze", { freeze: true }];
  const toggle = button(words, "POST", "clock", body);
  const ahead = Math.round((new Date(now) - Date.now()) / 1000);
  const away = `It is ${number(Math.abs(ahead))} seconds ${ahead > 0 ? "ahead of" : "behind"} this machine.`;
  if (frozen) return h.p("It is frozen at ", time(now), ". ", toggle);
  return h.p(Math.abs(ahead) < 5 ? "It shows this machine's time." : away, " ", toggle);
};

const load = async ({ target }) => {
  await run(target, async () => send("PUT", "state", JSON.parse(await target.files[0].text())));
  target.value = "";
};
const reset = async ({ too }) => {
  if (!confirm("Delete everything and start over?")) throw new Error("Nothing was reset.");
  await send("POST", "reset", too && { clock: true, behaviour: true });
};
const world = () => [
  form(reset, "Reset", h.label(input("too", { type: "checkbox" }), "Also reset the clock and the switches")),
  h.p(h.a({ href: "/_fake/state", download: "world.json" }, "Save as a file"), " · ",
    h.a({ href: "/_fake/state?secrets=true", download: "world.json" }, "with auth tokens")),
  labelled("Load a file", input("file", { type: "file", accept: ".json,application/json", onchange: load })),
];

const behaviourSwitch = ({ name, value, default: usual, values, words }) => h.li({ "data-key": name },
  h.label({ for: `switch-${name}` }, h.code(name), h.span(plain(words))),
  select({
    id: `switch-${name}`, value: String(value), class: value !== usual && "changed",
    onchange: ({ target }) => run(target, () => send("PATCH", "behaviour", { [name]: values[target.selectedIndex] })),
  }, values.map((each) => [each, `${each}${each === usual ? " (default)" : ""}`]), value));

// The panels. `again` renders them again when a kind of fault with other fields is chosen.
export const controls = async (again) => {
  const describe = { describe: true };
  const [faults, outcomes, clock, behaviour] = await Promise.all(
    ["faults", "outcomes", "clock", "behaviour"].map((each) => get(each, each === "clock" ? {} : describe)));
  const fault = ({ id, words, fired, active }) => h.li({ "data-key": id, class: active ? null : "quiet" },
    words, `; fired ${plural(fired, "time")} `, button("Remove", "DELETE", `faults?id=${id}`));
  const outcome = ({ words, used }) => h.li(words, `; used ${plural(used, "time")}`);
  const part = (title, ...children) => section(title, children, h.output());
  const chosen = document.querySelector("[name=fault]")?.value;
  return { title: "Controls", parts: h.div({ class: "panels" },
    part("Faults of requests",
      listed(faults.faults, fault, "No faults are injected."), faultForm(faults, chosen, again)),
    part("Outcomes of deliveries", listed(outcomes.outcomes, outcome, "Providers accept every delivery."),
      outcomes.outcomes.length > 0 && button("Remove all", "DELETE", "outcomes"), outcomeForm(outcomes)),
    part("Clock", clockNow(clock), clockForm()),
    part("The world", world()),
    part("Switches", h.ul({ class: "switches" }, behaviour.switches.map(behaviourSwitch)))) };
};
