// Builds elements. Text only ever becomes text: nothing that a record holds is read as HTML.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function table(caption, columns, rows) {
  const head = columns.map((column) => element("th", { scope: "col", class: column.number ? "number" : null }, column.title));
  const body = rows.map((row) =>
    element("tr", {}, ...columns.map((column) => element("td", { class: column.number ? "number" : column.id ? "id" : null }, column.cell(row)))),
  );
  return element("table", { "aria-label": caption }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
}

// Replaces content only when it differs, so that a selection, the focus and a screen reader's place survive an update.
export function show(id, ...children) {
  const place = document.getElementById(id);
  const fresh = element("div", {}, ...children);
  if (place.dataset.shown === fresh.innerHTML) return;
  place.dataset.shown = fresh.innerHTML;
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.replaceChildren(...fresh.childNodes);
  if (focused) [...place.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

export const empty = (text) => element("p", { class: "empty" }, text);
export const tag = (kind, text) => element("span", { class: `tag ${kind}` }, text);
