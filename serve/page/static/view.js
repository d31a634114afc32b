// What the page shows of a run. Text is only ever set as text: names and reasons come from plans and servers.

import { draw, push } from "./plot.js";
import { duration, moment, number, standing, stateWords } from "./words.js";

const get = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (v !== undefined && v !== false) e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children);
  return e;
}

const shown = new Map();

// fill replaces the children of an element only when what they show has changed, so that focus, selection and opened details
// survive a poll.
function fill(id, data, make) {
  const key = JSON.stringify(data);
  if (shown.get(id) === key) return;
  shown.set(id, key);
  get(id).replaceChildren(...data.map(make));
}

export function showRuns(list, current, choose) {
  get("no-runs").hidden = list.length > 0;
  fill("runs", list.map((r) => ({ id: r.id, name: r.name, status: r.status, current: r.id === current })), (r) => {
    const button = element("button", { type: "button", "aria-current": r.current ? "true" : undefined }, r.name, " ", element("small", {}, `${r.status.replace("_", " ")} · ${r.id}`));
    button.addEventListener("click", () => choose(r.id));
    return element("li", {}, button);
  });
}

export function showRun(run) {
  get("run-name").textContent = run.name;
  const words = [run.status.replace("_", " "), `run ${run.id}`, `by ${run.creator}`, `plan ${run.plan_hash.slice(0, 12)}`, wayBack(run)];
  if (run.control.paused) words.unshift("paused");
  if (run.message) words.push(run.message);
  get("run-status").textContent = words.join(" · ");
  for (const card of document.querySelectorAll("#phases li")) showPhase(card, run);
  fill("steps", run.steps || [], stepRow);
  const chain = run.evidence || [];
  fill("gates", lastGates(chain), gateRow);
  fill("chain", chain.toReversed().slice(0, 100), chainRow);
}

function wayBack(run) {
  if (run.status === "done") return "no way back: the old side is dropped";
  if (run.unreturnable > 0) return `rollback would lose ${number(run.unreturnable)} rows`;
  return run.revertible ? "rollback loses nothing" : "nothing to take back";
}

function showPhase(card, run) {
  const name = card.dataset.phase;
  const state = standing(run, name);
  card.dataset.state = state;
  const given = (run.approvals || []).filter((a) => a.phase === name && a.plan_hash === run.plan_hash).map((a) => a.by);
  card.querySelector(".state").textContent = stateWords[state] + (given.length ? `, approved by ${given.join(", ")}` : "");
  card.querySelector(".code").textContent = run.plan?.phases?.find((p) => p.name === name)?.code?.after || "";
}

function lastGates(chain) {
  const last = new Map();
  for (const e of chain) {
    if (e.kind.startsWith("gate:")) last.set(`${e.phase} ${e.kind}`, e);
  }
  return [...last.values()];
}

function gateRow(e) {
  const data = e.data ? element("details", {}, element("summary", {}, "numbers"), element("pre", {}, JSON.stringify(e.data, null, 2))) : "–";
  return row([e.phase], [e.kind.slice(5)], [e.state, e.state], [e.reason || "", "reason"], [moment(e.at), "at"], [data]);
}

const chainRow = (e) => row([String(e.seq), "no"], [e.phase], [e.kind], [e.state, e.state], [moment(e.at), "at"], [e.reason || "", "reason"]);
const stepRow = (s) => row([s.step], [s.state, s.state], [s.rows ? number(s.rows) : "–", "no"], [moment(s.ended), "at"], [s.note || "", "reason"]);
const row = (...cells) => element("tr", {}, ...cells.map(([content, kind]) => element("td", { class: kind }, content)));

const series = { rate: [], lag: [], eta: [] };
let seen = null; // rows of the last report, for runs that another process works on

export function forgetLive() {
  for (const list of Object.values(series)) list.length = 0;
  seen = null;
}

// showLive takes one sample. An operation of this server tells its pace itself; of others it is told by the rows that
// are stored.
export function showLive(operation, run) {
  const live = operation?.live;
  const rate = live ? live.rows_per_second : storedRate(run);
  push(series.rate, rate);
  push(series.lag, live?.lag_seconds ?? null);
  push(series.eta, live?.eta_seconds ?? null);
  plot("rate", rate, (v) => number(v), "rows a second");
  plot("lag", live?.lag_seconds ?? null, (v) => v.toFixed(1), "seconds of replica lag");
  plot("eta", live?.eta_seconds ?? null, duration, "to go");
  get("live-words").textContent = operation ? `${operation.action} ${operation.phase || ""}: ${operation.status.toLowerCase()}, ${operation.progress}` : rate ? "Another process works on this run." : "No operation is at work.";
  const bar = get("live-bar");
  bar.hidden = operation?.percent === undefined;
  bar.value = operation?.percent ?? 0;
  const hold = live?.hold || "";
  get("hold").hidden = !hold;
  get("hold").textContent = hold && `Throttled: ${hold}`;
}

function storedRate(run) {
  const rows = (run.segments || []).reduce((n, s) => n + s.rows, 0);
  const now = performance.now();
  const rate = seen && rows > seen.rows ? (rows - seen.rows) / ((now - seen.at) / 1000) : null;
  seen = { rows, at: now };
  return rate;
}

function plot(name, value, words, unit) {
  const now = value === null ? "–" : words(value);
  get(`${name}-now`).textContent = now;
  draw(get(`${name}-plot`), series[name], value === null ? `no ${unit} are known now` : `${now} ${unit} now`);
}
