// The page: signs in, polls what is shown, and turns buttons into requests.

import * as api from "./api.js";
import { confirm } from "./confirm.js";
import { element, forgetLive, showLive, showRun, showRuns } from "./view.js";
import { standing } from "./words.js";

const get = (id) => document.getElementById(id);
const every = 2000; // ms between polls

let session = null; // {environments, token, scopes}
let env = "", chosen = "", run = null, operation = null, timer = 0, round = 0;

const may = (scope) => session.scopes.includes(scope) || session.scopes.includes("admin");

// Messages. Errors stay until the next action; news is read out when the reader has time.
function complain(error) {
  get("alert").textContent = error.hint ? `${error.message}. What to do: ${error.hint}` : error.message;
  get("alert").hidden = false;
}
function tell(text) { get("news").textContent = text; }
function calm() { get("alert").hidden = true; }

async function signIn(event) {
  event.preventDefault();
  calm();
  api.useToken(get("token").value.trim());
  try {
    session = await api.environments();
  } catch (error) {
    complain(error);
    get("token").focus();
    return;
  }
  get("token").value = "";
  get("environment").replaceChildren(...session.environments.map((name) => element("option", {}, name)));
  env = session.environments[0] || "";
  get("who").textContent = `${session.token} (${session.scopes.join(", ")})`;
  signedIn(true);
  tell(`Signed in as ${session.token}.`);
  get("main").focus();
  await poll();
}

function signOut() {
  clearTimeout(timer);
  round++;
  api.useToken("");
  session = run = operation = null;
  chosen = "";
  get("run").hidden = true;
  calm();
  tell("Signed out.");
  signedIn(false);
  get("token").focus();
}

function signedIn(yes) {
  get("signin").hidden = yes;
  for (const id of ["content", "where", "who", "signout"]) get(id).hidden = !yes;
}

// poll asks for what is shown, and again two seconds after the answer.
async function poll() {
  clearTimeout(timer);
  const mine = ++round;
  try {
    await refresh(mine);
  } catch (error) {
    if (mine !== round) return;
    complain(error);
    if (error.status === 401) { signOut(); complain(error); return; }
  }
  if (mine === round) timer = setTimeout(poll, every);
}

async function refresh(mine) {
  if (!env) return;
  const { runs } = await api.runs(env);
  if (mine !== round) return;
  if (!runs.some((r) => r.id === chosen)) chosen = runs[0]?.id || "";
  showRuns(runs, chosen, choose);
  get("run").hidden = !chosen;
  if (!chosen) return;
  const [report, { operations }] = await Promise.all([api.run(env, chosen), api.operations()]);
  if (mine !== round) return;
  announce(run, report);
  run = report;
  const last = operations.find((o) => o.environment === env && o.run === run.id);
  tellEnd(last);
  operation = last && !last.ended ? last : null;
  showRun(run);
  showLive(operation, run);
  enable();
}

function announce(before, now) {
  if (before && before.id === now.id && before.status !== now.status) tell(`${now.name} is ${now.status.replace("_", " ")}.`);
}

// tellEnd says once how the operation ended that was at work.
function tellEnd(last) {
  if (!operation || !last || last.operation !== operation.operation || !last.ended) return;
  tell(`The operation has ended: ${last.status.toLowerCase()}. ${last.error ? last.error.detail : ""} ${last.error?.hint || ""}`);
}

function choose(id) {
  if (id === chosen) return;
  chosen = id;
  run = operation = null;
  forgetLive();
  calm();
  poll().then(() => get("run-name").focus());
}

// enable offers what the token may do and the run can take.
function enable() {
  const over = run.status === "done";
  const set = (id, on) => { get(id).disabled = !on; };
  set("pause", may("run") && !over && !run.control.paused);
  set("resume", may("run") && run.control.paused);
  set("throttle", may("run") && !over);
  set("cancel", may("run") && operation !== null);
  set("rollback", may("run") && !over && run.status !== "rolled_back" && operation === null);
  set("ask", may("run"));
  for (const card of document.querySelectorAll("#phases li")) {
    const state = standing(run, card.dataset.phase);
    card.querySelector('[data-act="start"]').disabled = !(may("run") && operation === null && !over && state !== "done" && next(card.dataset.phase));
    card.querySelector('[data-act="approve"]').disabled = !(may("approve") && !over && state !== "done");
  }
}

// next: a phase can run when all before it are done.
function next(phase) {
  const names = ["expand", "switch", "contract"];
  return names.slice(0, names.indexOf(phase)).every((p) => standing(run, p) === "done");
}

// act asks, does, and shows what came of it.
async function act(question, request, done) {
  calm();
  const about = run;
  const values = question ? await confirm(question) : {};
  if (!values) { tell("Nothing was changed."); return; }
  try {
    const news = await request(values, about);
    tell(typeof news === "string" ? news : done);
  } catch (error) {
    complain(error);
  }
  await poll();
}

const contractText = "At its end the old side is dropped, and there is no way back.";

function startPhase(phase) {
  const text = phase === "contract" ? contractText : "It can be taken back at any moment.";
  return act({ head: `Run ${phase} of ${run.name}?`, text: `The gates are asked first. ${text}`, yes: `Run ${phase}`, danger: phase === "contract" },
    (_, r) => api.start(env, { action: "apply", run: r.id, phase }, r.plan_hash), `${phase} has begun.`);
}

function approvePhase(phase) {
  return act({ head: `Approve ${phase} of ${run.name}?`, text: `It is stored in the name of ${session.token}, for this very plan (${run.plan_hash.slice(0, 12)}).`, yes: `Approve ${phase}`, fields: [{ name: "note", label: "Note" }] },
    ({ note }, r) => api.approve(env, r.id, { phase, note }, r.plan_hash), `${phase} is approved.`);
}

const pause = () => act({ head: `Pause ${run.name}?`, text: "The runner stops before its next chunk or step. Both sides go on being kept in step.", yes: "Pause" },
  (_, r) => api.steer(env, r.id, "pause"), "Paused.");
const resume = () => act({ head: `Resume ${run.name}?`, text: "The pause is taken back. Work goes on with the next operation.", yes: "Resume" },
  (_, r) => api.steer(env, r.id, "resume"), "The run may go on.");
const slowDown = () => act({ head: `Throttle ${run.name}?`, text: "A run at work follows within a second.", yes: "Set the limit",
  fields: [{ name: "rate", label: "Rows a second at most; 0 takes the limit away", type: "number", value: run.control.max_rate || 0 }] },
  ({ rate }, r) => api.steer(env, r.id, "throttle", { max_rate: Number(rate) }), "The limit is set.");
const stop = () => act({ head: "Stop the operation?", text: "It ends at its next safe point. Nothing is taken back, and the same phase can be run again.", yes: "Stop" },
  () => api.cancel(operation.operation), "It stops at the next safe point.");
const rollBack = () => act({ head: `Roll back ${run.name}?`, text: run.unreturnable > 0 ? `It stops, since it would lose ${run.unreturnable} rows.` : "No row is lost.", yes: "Roll back", danger: true,
  fields: [{ name: "all", label: "All phases, back to the state before the run (else the last one)", type: "checkbox" }] },
  ({ all }, r) => api.start(env, { action: "rollback", run: r.id, all }, r.plan_hash), "The rollback has begun.");
const askGates = () => act(null, async (_, r) => {
  tell("The gates are being asked.");
  const { asking, verdict } = await api.gates(env, r.id);
  return asking ? "The gates are still being asked." : `The gates were asked: ${verdict}.`;
});

get("signin").addEventListener("submit", signIn);
get("signout").addEventListener("click", signOut);
get("environment").addEventListener("change", (event) => { env = event.target.value; chosen = ""; run = operation = null; forgetLive(); poll(); });
for (const [id, f] of Object.entries({ pause, resume, throttle: slowDown, cancel: stop, rollback: rollBack, ask: askGates })) get(id).addEventListener("click", f);
get("phases").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const phase = button?.closest("li").dataset.phase;
  if (phase) ({ start: startPhase, approve: approvePhase })[button.dataset.act](phase);
});
