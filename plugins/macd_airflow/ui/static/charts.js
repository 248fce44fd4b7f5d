// The two charts, and the same numbers as tables.

import { element, show, table } from "./dom.js";
import { count, dollars, hour, words } from "./format.js";

const charts = {};
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function showRevenue(answer) {
  const hours = answer.hours;
  draw("revenue", "bar", hours.map((each) => hour(each.hour)), [
    { label: "Revenue (US dollars)", data: hours.map((each) => Number(each.revenue)), backgroundColor: "--bar" },
  ]);
  const total = hours.reduce((sum, each) => sum + Number(each.revenue), 0);
  const orders = hours.reduce((sum, each) => sum + each.orders, 0);
  describe("revenue", `Revenue by hour: ${dollars(total)} from ${count(orders)} orders in ${hours.length} hours. The table below has the numbers.`);
  show("revenue-table", table("Revenue by hour", [
    { title: "Hour (UTC)", cell: (row) => hour(row.hour) },
    { title: "Orders", number: true, cell: (row) => count(row.orders) },
    { title: "Revenue", number: true, cell: (row) => dollars(row.revenue) },
    { title: "Average basket", number: true, cell: (row) => dollars(row.average_basket) },
  ], hours));
}

export function showMethods(answer) {
  const methods = answer.methods;
  draw("methods", "bar", methods.map((each) => words(each.method)), [
    { label: "Amount (US dollars)", data: methods.map((each) => Number(each.amount)), backgroundColor: "--bar2" },
  ], { indexAxis: "y" });
  describe("methods", methods.length ? `Amount by payment method: ${methods.map((each) => `${words(each.method)} ${dollars(each.amount)}`).join(", ")}.` : "No payments in this range.");
  show("methods-table", table("Payment methods", [
    { title: "Method", cell: (row) => words(row.method) },
    { title: "Payments", number: true, cell: (row) => count(row.payments) },
    { title: "Amount", number: true, cell: (row) => dollars(row.amount) },
  ], methods));
}

// Colours belong to the theme, so a change of it draws anew.
export function redraw() {
  for (const { chart, update } of Object.values(charts)) {
    update();
    chart.update("none");
  }
}

function draw(id, type, labels, datasets, options = {}) {
  const known = charts[id];
  const tokens = datasets.map((set) => set.backgroundColor);
  const data = { labels, datasets: datasets.map((set) => ({ ...set, backgroundColor: colour(set.backgroundColor) })) };
  if (known) {
    known.chart.data.labels = labels;
    known.chart.data.datasets.forEach((set, index) => { set.data = data.datasets[index].data; });
    known.update();
    known.chart.update("none");
    return;
  }
  const axis = () => ({ beginAtZero: true, grid: {}, ticks: {} });
  const chart = new window.Chart(document.getElementById(id), {
    type, data,
    options: {
      // The numbers change every few seconds; a chart that moves each time would be no rest for the eye.
      animation: false, responsive: true, maintainAspectRatio: false,
      plugins: { legend: { display: false }, tooltip: { callbacks: { label: (item) => dollars(item.raw) } } },
      scales: { x: axis(), y: axis() }, ...options,
    },
  });
  const update = () => {
    chart.data.datasets.forEach((set, index) => { set.backgroundColor = colour(tokens[index]); });
    for (const scale of Object.values(chart.options.scales)) {
      scale.grid.color = colour("--line");
      scale.ticks.color = colour("--soft");
    }
  };
  charts[id] = { chart, update };
  update();
  chart.update("none");
}

function describe(id, text) {
  document.getElementById(id).setAttribute("aria-label", text);
}
