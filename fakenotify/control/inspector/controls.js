// The controls: faults, outcomes, the clock, the switches, and the world as a whole.

import { get, send } from "./api.js";
import { el, number, section, time } from "./dom.js";

const labelled = (label, field, kind) => el("label", { class: kind }, el("span", {}, label), field);
const input = (name, given = {}) => el("input", { name, ...given });
const options = (pairs, value) => pairs.map(([each, text]) => el("option", { value: each, selected: String(each) === String(value) }, text));
const choice = (name, pairs, given = {}) => el("select", { name, ...given }, options(pairs));
const button = (text, ...call) => el("button", {
  type: "button", "data-name": text, onclick: (event) => run(event.target, () => send(...call)),
}, text);

// Do something and say what came of it below the nearest heading.
const run = async (source, work) => {
  const output = source.closest("section").querySelector("output");
  try {
    await work();
    output.textContent = "Done.";
    output.className = "";
    return true;
  } catch (error) {
    output.textContent = error.message;
    output.className = "bad";
    return false;
  }
};

const plain = (words) => words.replaceAll("`", "");
const capital = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");
const USUAL = { status: 429, seconds: 1, requests: 10 };

const read = (form) => {
  const body = {};
  for (const field of form.querySelectorAll("[name]")) {
    if (field.value === "" || field.closest("[hidden]")) continue;
    body[field.name] = field.type === "number" ? Number(field.value) : field.value;
  }
  return body;
};

const form = (action, fields, submit) => el("form", { onsubmit: async (event) => {
  event.preventDefault();
  const source = event.target;
  if (await run(source, () => action(read(source), source))) source.reset();
  source.dispatchEvent(new Event("change"));
} }, el("div", { class: "fields" }, fields), el("button", {}, submit));
const often = () => labelled("How often", input("times", { type: "number", min: 1, placeholder: "always" }));
const listed = (rows, none) => rows.length ? el("ul", { class: "lines" }, rows) : el("p", { class: "quiet" }, none);

const PHASES = { before: "instead of the effect", after: "after the effect" };
const field = ({ name, type, required }) => labelled(capital(name), input(name, {
  required, value: required && USUAL[name], ...type === "string" ? {} : { type: "number", step: type === "number" ? "any" : 1 },
}));

const faultForm = ({ operations, kinds }) => {
  const extra = el("div", { class: "fields" });
  const phase = labelled("When", choice("phase", []), "double");
  const names = ["*", ...new Set(operations.map((each) => `${each.split(".")[0]}.*`)), ...operations];
  const show = (chosen) => {
    if (extra.dataset.kind === chosen) return;
    extra.dataset.kind = chosen;
    const kind = kinds.find((each) => each.kind === chosen);
    extra.replaceChildren(...kind.fields.map(field));
    phase.lastChild.replaceChildren(...options(kind.phases.map((each) => [each, PHASES[each] || each])));
  };
  const made = form((body) => send("POST", "faults", body), [
    labelled("Operation", choice("operation", names.map((each) => [each, each === "*" ? "* (every request)" : each])), "double"),
    labelled("What goes wrong", choice("fault", kinds.map((each) => [each.kind, plain(each.words).split(". ")[0]])), "whole"),
    extra, often(), labelled("Let pass first", input("after", { type: "number", min: 0, placeholder: "none" })), phase,
  ], "Set the fault");
  made.addEventListener("change", () => show(made.elements.fault.value));
  show(kinds[0].kind);
  return made;
};

const outcomeForm = ({ codes, binding_types: types }) => form((body) => send("POST", "outcomes", { ...body, code: Number(body.code) }), [
  labelled("The provider answers", choice("code", codes.map((each) => [each.code, `${each.code} ${each.title}`])), "whole"),
  labelled("Identity", input("identity", { placeholder: "anybody" })), labelled("Address", input("address", { placeholder: "any" })),
  labelled("Channel", choice("binding_type", [["", "any that the code is for"], ...types.map((each) => [each.binding_type, each.label])])),
  often(),
], "Let deliveries fail");

const move = ({ amount, unit, at }) => send("POST", "clock",
  at ? { move_to: `${at.length < 19 ? `${at}:00` : at}Z` } : { shift: amount * unit });
const clockForm = () => form(move, [
  labelled("Move on by", input("amount", { type: "number", step: "any", value: 1 })),
  labelled("Unit", choice("unit", [[3600, "hours"], [60, "minutes"], [1, "seconds"], [86400, "days"]])),
  labelled("or to (UTC)", input("at", { type: "datetime-local", step: 1 }), "double"),
], "Move the clock");

const toggle = ({ name, value, default: usual, values, words }) => {
  const change = (event) => run(event.target, () => send("PATCH", "behaviour", {
    [name]: values.find((each) => String(each) === event.target.value),
  }));
  return el("li", {},
    el("label", {}, el("code", {}, name), el("span", {}, plain(words))),
    el("select", { "data-name": name, "aria-label": name, class: value === usual ? "" : "changed", onchange: change },
      options(values.map((each) => [each, `${each}${each === usual ? " (as usual)" : ""}`]), value)));
};

const load = async (event) => {
  const source = event.target;
  const [file] = source.files;
  if (file) await run(source, async () => send("PUT", "state", JSON.parse(await file.text())));
  source.value = "";
};
const resetAll = (event) => {
  const everything = event.target.closest("section").querySelector("[name=too]").checked;
  const body = everything ? { clock: true, behaviour: true } : undefined;
  if (confirm("Remove everything that has happened?")) run(event.target, () => send("POST", "reset", body));
};

const worldForm = () => el("div", { class: "world" },
  el("p", {}, el("button", { type: "button", onclick: resetAll }, "Reset"),
    el("label", {}, input("too", { type: "checkbox" }), " clock and switches too")),
  el("p", {}, el("a", { href: "/_fake/state", download: "world.json" }, "Save as a file"), " · ",
    el("a", { href: "/_fake/state?secrets=true", download: "world.json" }, "with auth tokens")),
  labelled("Load a file", el("input", { type: "file", accept: ".json,application/json", onchange: load })));

const faultLine = (fault) => el("li", { class: fault.active ? "" : "quiet" },
  `${fault.words}${fault.fired ? `; met ${number(fault.fired)} so far` : ""} `, button("Remove", "DELETE", `faults?id=${fault.id}`));
const outcomeLine = (outcome) => el("li", {}, `${outcome.words}${outcome.used ? `; used ${number(outcome.used)} so far` : ""}`);
const clockLine = ({ now, frozen, shifted }) => {
  const away = Math.round(shifted || 0);
  if (frozen) return el("p", {}, "It stands still at ", time(now), ". ", button("Let it run", "POST", "clock", { resume: true }));
  return el("p", {}, away ? `It runs ${number(Math.abs(away))} seconds ${away > 0 ? "ahead of" : "behind"} this machine. `
    : "It shows the time of this machine. ", button("Freeze", "POST", "clock", { freeze: true }));
};

// Each section has its list, which follows the world, and its form, which keeps what is half typed.
export const controls = async () => {
  const describe = { describe: true };
  const [faults, outcomes, clock, behaviour] = await Promise.all([
    get("faults", describe), get("outcomes", describe), get("clock"), get("behaviour", describe),
  ]);
  const part = (key, title, make) => [key, title, () => section(title, el("div", { class: "now" }), make(), el("output", {}))];
  return {
    sections: [
      part("faults", "Faults of requests", () => faultForm(faults)),
      part("outcomes", "Outcomes of deliveries", () => outcomeForm(outcomes)),
      part("clock", "Clock", clockForm),
      part("world", "The world", worldForm),
      part("switches", "Switches", () => ""),
    ],
    now: {
      clock: [["now", [clock.frozen && clock.now, Math.round(clock.shifted)], () => clockLine(clock)]],
      faults: [["list", faults.faults, () => listed(faults.faults.map(faultLine), "No request goes wrong.")]],
      outcomes: [["list", outcomes.outcomes, () => el("div", {},
        listed(outcomes.outcomes.map(outcomeLine), "Providers take every delivery."),
        outcomes.outcomes.length ? button("Remove all", "DELETE", "outcomes") : null)]],
      switches: [["list", behaviour.switches, () => el("ul", { class: "switches" }, behaviour.switches.map(toggle))]],
    },
  };
};
