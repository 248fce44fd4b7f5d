// Runs, one run, alerts and payment mismatches.

import { element, empty, show, table, tag } from "./dom.js";
import { count, difference, dollars, time, words } from "./format.js";

const VERDICTS = {
  passed: ["good", "Passed"], warned: ["warn", "Passed, with warnings"], failed: ["bad", "Failed"], unverified: ["none", "Not verified yet"],
};
const verdict = (run) => tag(...VERDICTS[run.verdict]);
const link = (runId) => element("a", { href: `?run=${encodeURIComponent(runId)}` }, runId);

export function showRuns(answer) {
  if (!answer.runs.length) {
    show("runs", empty("No run yet. Trigger the DAG macd_pipeline, and its run appears here."));
    return;
  }
  show("runs", table("Runs", [
    { title: "Run", id: true, cell: (run) => link(run.run_id) },
    { title: "Verdict", cell: verdict },
    { title: "Started (UTC)", cell: (run) => time(run.started_at) },
    { title: "Orders", number: true, cell: (run) => count(run.orders) },
    { title: "Expected", number: true, cell: (run) => count(run.expected) },
    { title: "Stored", number: true, cell: (run) => count(run.stored) },
    { title: "Not held", cell: (run) => (run.obstacle ? "could not be verified" : "") || run.broken.map(words).join(", ") || (run.status === "started" ? "not produced to its end" : "–") },
  ], answer.runs));
}

export function showRun(run, missing) {
  document.getElementById("run-title").textContent = `Run ${run.run_id}`;
  const figures = run.figures;
  if (run.obstacle) {
    show(
      "run-body",
      element("p", {}, verdict(run), ` It could not be verified, tried ${time(run.verified_at)} UTC.`),
      element("p", {}, run.obstacle.reason), element("p", {}, `Next step: ${run.obstacle.remedy}`),
    );
    return;
  }
  if (!figures) {
    show("run-body", verdict(run), empty("It has not been reconciled yet. Trigger macd_data_quality with this run id."));
    return;
  }
  const facts = [
    ["Produced", figures.orders_produced], ["Acknowledged", figures.orders_acknowledged], ["Expected", figures.orders_expected],
    ["Joined", figures.orders_joined], ["Stored", figures.orders_stored], ["Dead-lettered", figures.orders_dead_lettered], ["Missing", figures.orders_missing],
  ];
  show(
    "run-body",
    element("p", {}, verdict(run), ` verified ${time(run.verified_at)} UTC`),
    element("dl", { class: "facts" }, ...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, count(value))))),
    ...lists(run.samples, missing),
    element("h3", {}, "Checks"),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Checks" }, checks(run.checks)),
  );
}

function checks(all) {
  const outcome = (check) => (check.passed ? tag("good", "Holds") : check.severity === "warn" ? tag("warn", "Warning") : tag("bad", "Failed"));
  return table("Checks", [
    { title: "Check", cell: (check) => words(check.name) },
    { title: "Outcome", cell: outcome },
    { title: "Found", number: true, cell: (check) => count(check.actual) },
    { title: "Has to be", cell: (check) => check.expected },
    { title: "Next step", cell: (check) => (check.passed ? "" : check.next_step) },
  ], [...all].sort((one, other) => one.passed - other.passed));
}

function lists(samples, missing) {
  const order = (each) => element("code", {}, each.order_id);
  const section = (title, whole, listed, columns) =>
    whole === 0 ? [] : [
      element("h3", {}, `${title}: ${count(whole)}${listed.length < whole ? ` (the first ${count(listed.length)})` : ""}`),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, table(title, [{ title: "Order", id: true, cell: order }, ...columns], listed)),
    ];
  return [
    ...section("Missing orders", missing.count, missing.orders, [
      { title: "Lost at", cell: (each) => each.hop }, { title: "Look at", cell: (each) => each.where }]),
    ...section("Altered orders", samples.altered.count, samples.altered.first, [
      { title: "Differences", cell: (each) => each.differences.map((one) => `${one.field}: ${one.found} instead of ${one.expected}`).join("; ") }]),
    ...section("Dead-lettered orders", samples.dead_lettered.count, samples.dead_lettered.first, [{ title: "Reason", cell: (each) => each.reason }]),
    ...section("Duplicate orders", samples.duplicate.count, samples.duplicate.first, [
      { title: "Joined", number: true, cell: (each) => count(each.joined) }, { title: "Expected", number: true, cell: (each) => count(each.expected) }]),
    ...section("Unexpected orders", samples.unexpected.count, samples.unexpected.first, [
      { title: "Kind", cell: (each) => each.kind }, { title: "Found in", cell: (each) => each.where.join(", ") }]),
    ...section("Lost from a source topic", samples.lost.count, samples.lost.first, [{ title: "Topic", cell: (each) => each.where }]),
    ...section("Never ordered", samples.unordered.count, samples.unordered.first, [{ title: "Found in", cell: (each) => each.where }]),
    ...section("Payments that differ from the total", samples.mismatched.count, samples.mismatched.first, [
      { title: "Total", number: true, cell: (each) => dollars(each.order_total) }, { title: "Paid", number: true, cell: (each) => dollars(each.payment_amount) },
      { title: "Asked for by the run", cell: (each) => (each.planned ? "yes" : "no") }]),
  ];
}

export function showAlerts(answer) {
  if (!answer.alerts.length) {
    show("alerts", empty("Nothing is wrong, and nothing was."));
    return;
  }
  const over = answer.alerts.filter((alert) => alert.closed_at);
  const lasting = answer.alerts.filter((alert) => !alert.closed_at);
  const past = over.length ? [element("details", {}, element("summary", {}, `${count(over.length)} that ended`), ...over.map(alertBox))] : [];
  const more = answer.open > lasting.length ? [empty(`The newest ${count(lasting.length)} of ${count(answer.open)}.`)] : [];
  show("alerts", ...(lasting.length ? lasting.map(alertBox) : [empty("Nothing is wrong now.")]), ...more, ...past);
}

function alertBox(alert) {
  const kind = alert.closed_at ? tag("none", "Ended") : alert.severity === "warn" ? tag("warn", "Warning") : tag("bad", "Failed");
  const until = alert.closed_at ? `${time(alert.opened_at)} to ${time(alert.closed_at)}` : `since ${time(alert.opened_at)}`;
  const examples = alert.examples.length
    ? [element("details", {}, element("summary", {}, alert.examples.length === 1 ? "1 example" : `${count(alert.examples.length)} examples`), ...alert.examples.map((line) => element("p", {}, element("code", {}, line))))]
    : [];
  return element(
    "div", { class: "alert" },
    element("p", {}, kind, " ", element("strong", {}, words(alert.check)), " – ", alert.run_id ? link(alert.run_id) : alert.subject),
    element("p", {}, alert.message), element("p", {}, `Next step: ${alert.next_step}`),
    element("p", { class: "when" }, `${until} UTC`), ...examples,
  );
}

export function showMismatches(answer) {
  if (!answer.mismatches.length) {
    show("mismatches", empty("Every order of this range was paid its total."));
    return;
  }
  const more = answer.truncated ? [empty(`The newest ${count(answer.mismatches.length)} of more.`)] : [];
  show("mismatches", table("Payment mismatches", [
    { title: "Order", id: true, cell: (each) => element("code", {}, each.order_id) },
    { title: "Ordered (UTC)", cell: (each) => time(each.order_time) },
    { title: "Method", cell: (each) => words(each.payment_method) },
    { title: "Total", number: true, cell: (each) => dollars(each.order_total) },
    { title: "Paid", number: true, cell: (each) => dollars(each.payment_amount) },
    { title: "Difference", number: true, cell: (each) => difference(each.difference) },
  ], answer.mismatches), ...more);
}
