// The API, asked with the token of this tab. The token lives in a variable and nowhere else.

let token = "";

export function useToken(t) { token = t; }

// ApiError carries the problem document of a refused request.
export class ApiError extends Error {
  constructor(problem, status) {
    super(problem.detail || `the server answered ${status}`);
    this.status = status;
    this.hint = problem.hint || "";
  }
}

async function ask(method, path, body, hash) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (hash) headers["If-Match"] = `"${hash}"`;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "omit", cache: "no-store", redirect: "error" });
  } catch {
    throw new ApiError({ detail: "The server doesn't answer." }, 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(answer, response.status);
  return answer;
}

const part = encodeURIComponent;
const runPath = (env, run) => `/v1/environments/${part(env)}/runs/${part(run)}`;

export const environments = () => ask("GET", "/v1/environments");
export const runs = (env) => ask("GET", `/v1/environments/${part(env)}/runs`);
export const run = (env, id) => ask("GET", runPath(env, id));
export const operations = () => ask("GET", "/v1/operations");
export const gates = (env, id) => ask("GET", `${runPath(env, id)}/gates`);
export const start = (env, body, hash) => ask("POST", `/v1/environments/${part(env)}/operations`, body, hash);
export const cancel = (operation) => ask("POST", `/v1/operations/${part(operation)}/cancel`);
export const approve = (env, id, body, hash) => ask("POST", `${runPath(env, id)}/approvals`, body, hash);
export const steer = (env, id, what, body) => ask("POST", `${runPath(env, id)}/${what}`, body);
