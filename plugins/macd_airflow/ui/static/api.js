// Asks the endpoints. Addresses are relative, so the page works under any path.

export class Problem extends Error {}

export async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  try {
    response = await fetch(`api/${path}${query ? `?${query}` : ""}`, { headers: { Accept: "application/json" } });
  } catch {
    throw new Problem("Airflow does not answer. This page goes on trying.");
  }
  if (response.status === 401) {
    throw new Problem("Your session has ended. Reload the page to log in again.");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    throw new Problem(answer?.error ? `${answer.error} ${answer.remedy}` : `Airflow answered ${response.status}.`);
  }
  return answer;
}
