// Asks for everything, shows it, and asks again every five seconds while somebody looks.

import { ask, Problem } from "./api.js";
import { redraw, showMethods, showRevenue } from "./charts.js";
import { showAlerts, showMismatches, showRun, showRuns } from "./lists.js";
import { showMap, summaryOf } from "./map.js";
import { followTheme } from "./theme.js";

const EVERY_MS = 5000;
const place = (id) => document.getElementById(id);
const runId = new URLSearchParams(location.search).get("run");
const latest = {};
let timer = 0;
let paused = false;

const sections = {
  map: async () => showMap((latest.state = await ask("pipeline"))),
  alerts: async () => showAlerts((latest.alerts = await ask("alerts"))),
  runs: async () => showRuns(await ask("runs", { limit: 20 })),
  revenue: async () => showRevenue(await ask("revenue", { hours: place("hours").value })),
  methods: async () => showMethods(await ask("payment-methods", { hours: place("hours").value })),
  mismatches: async () => showMismatches(await ask("mismatches", { hours: place("hours").value, limit: 50 })),
};
if (runId) {
  place("run").hidden = false;
  sections.run = async () => showRun(...(await Promise.all([ask("run", { run_id: runId }), ask("run/missing", { run_id: runId, limit: 1000 })])));
}

// A section that cannot be shown says why; the others are not held up by it.
async function update(name) {
  const problem = place(`${name}-problem`);
  try {
    await sections[name]();
    problem.hidden = true;
  } catch (error) {
    const text = error instanceof Problem ? error.message : `This part of the page failed: ${error.message}`;
    if (problem.textContent !== text || problem.hidden) problem.textContent = text;
    problem.hidden = false;
    if (name === "map") delete latest.state;
  }
}

async function updateAll() {
  clearTimeout(timer);
  await Promise.all(Object.keys(sections).map(update));
  const text = latest.state ? summaryOf(latest.state, latest.alerts?.alerts) : "The state of the pipeline is not known.";
  if (place("summary").textContent !== text) place("summary").textContent = text;
  document.documentElement.dataset.updated = new Date().toISOString();
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (!paused && !document.hidden) timer = setTimeout(updateAll, EVERY_MS);
}

place("hours").addEventListener("change", () => ["revenue", "methods", "mismatches"].forEach(update));
place("pause").addEventListener("click", () => {
  paused = !paused;
  place("pause").setAttribute("aria-pressed", String(paused));
  if (!paused) updateAll();
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : paused || updateAll()));
followTheme(place("theme"), redraw);
updateAll().then(() => runId && place("run").focus());
