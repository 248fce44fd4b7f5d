// Light or dark: what the reader chose here, else Airflow's own theme where the page is inside it, else the system's.

const KEY = "macd-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function airflowTheme() {
  try {
    if (window.parent === window) return null;
    const root = window.parent.document.documentElement;
    return root.classList.contains("dark") ? "dark" : root.classList.contains("light") ? "light" : null;
  } catch {
    return null;
  }
}

function stored() {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto";
  }
}

export function followTheme(select, changed) {
  const apply = () => {
    const theme = select.value === "auto" ? airflowTheme() ?? (system.matches ? "dark" : "light") : select.value;
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    changed();
  };
  select.value = stored();
  select.addEventListener("change", () => {
    try {
      localStorage.setItem(KEY, select.value);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    apply();
  });
  system.addEventListener("change", apply);
  try {
    if (window.parent !== window) new MutationObserver(apply).observe(window.parent.document.documentElement, { attributes: true, attributeFilter: ["class"] });
  } catch {
    // Another origin's page: its theme is its own business.
  }
  apply();
}
