// The pipeline as a list of stages in the order in which data flows; an arrow carries how far a reader is behind.

import { element, show, tag } from "./dom.js";
import { count } from "./format.js";

const STATES = {
  ok: ["good", "OK"], drifted: ["warn", "Differs"], stalled: ["bad", "Stalled"],
  failed: ["bad", "Failed"], missing: ["bad", "Missing"], unknown: ["none", "Unknown"],
};
const UNITS = { topic: "records", collection: "documents" };

export function showMap(state) {
  const stages = stagesOf(state);
  show("map", ...stages.map((keys, index) => stage(state, keys, stages[index + 1])));
}

// Sources first, then each part behind the one that it reads; what is no part of the flow stands with its topic.
function stagesOf(state) {
  const targets = new Set(state.links.map((link) => link.target));
  const flowing = new Set(state.links.flatMap((link) => [link.source, link.target]));
  const depth = new Map();
  const walk = (key, level) => {
    if ((depth.get(key) ?? -1) >= level) return;
    depth.set(key, level);
    state.links.filter((link) => link.source === key).forEach((link) => walk(link.target, level + 1));
  };
  [...flowing].filter((key) => !targets.has(key)).forEach((key) => walk(key, 0));
  const stages = [];
  for (const part of state.parts) {
    const level = depth.get(keyOf(part)) ?? 0;
    (stages[level] ??= []).push(part);
  }
  return stages;
}

const keyOf = (part) => `${part.kind} ${part.name}`;

function stage(state, parts, next) {
  const item = element("li", { class: "stage" }, ...parts.map(box));
  if (next) item.append(arrow(state, parts, next));
  return item;
}

function box(part) {
  const [kind, label] = STATES[part.state] ?? STATES.unknown;
  const counted = part.messages == null ? null : element("div", { class: "count" }, `${count(part.messages)} ${UNITS[part.kind] ?? "messages"}`);
  const detail = part.state !== "ok" && part.detail ? element("div", { class: "detail" }, part.detail) : null;
  return element(
    "div", { class: `part ${part.state}` },
    element("div", { class: "kind" }, `${part.kind} `, tag(kind, label)),
    element("div", { class: "name" }, ...breakable(part.name)), counted, detail,
  );
}

// A long name is broken after an underscore or a hyphen rather than within a word.
const breakable = (name) => name.split(/(?<=[_-])/).flatMap((piece) => [piece, element("wbr", {})]);

function arrow(state, parts, next) {
  const from = new Set(parts.map(keyOf));
  const to = new Set(next.map(keyOf));
  const lags = state.links.filter((link) => from.has(link.source) && to.has(link.target) && link.lag != null).map((link) => link.lag);
  const lag = lags.length ? Math.max(...lags) : null;
  const text = lag == null ? "" : lag === 0 ? "up to date" : `${count(lag)} behind`;
  return element("div", { class: `flow${lag ? " behind" : ""}` }, element("b", { "aria-hidden": "true" }, "→"), text);
}

export function summaryOf(state, alerts) {
  const bad = state.parts.filter((part) => part.state !== "ok");
  const open = (alerts ?? []).filter((alert) => !alert.closed_at).length;
  const health = bad.length ? `${bad.length} of ${state.parts.length} parts need attention` : `All ${state.parts.length} parts are well`;
  return `${health}; ${open === 0 ? "no open alert" : open === 1 ? "1 open alert" : `${open} open alerts`}.`;
}
