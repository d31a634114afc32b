// Words for numbers, times and states.

export const number = (n) => Math.round(n).toLocaleString("en");

export function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export const moment = (text) => (text ? text.slice(0, 19).replace("T", " ") + "Z" : "–");

const order = ["expand", "switch", "contract"];
const running = { expanding: 0, switching: 1, contracting: 2 };
const done = { planned: 0, expanded: 1, switched: 2, done: 3 };

// standing is where a run stands in a phase, as the server's /phases/{phase} tells it.
export function standing(run, phase) {
  const at = order.indexOf(phase);
  if (run.status === "rolled_back") return "taken_back";
  if (run.status in running) return at < running[run.status] ? "done" : at === running[run.status] ? "running" : "waiting";
  if (run.status in done) return at < done[run.status] ? "done" : "waiting";
  const n = Math.max(order.indexOf(run.phase), 0);
  if (at < n) return "done";
  return at > n ? "waiting" : run.status === "aborted" ? "stopped" : "taken_back";
}

export const stateWords = { waiting: "not begun", running: "at work, or begun", done: "done", taken_back: "taken back", stopped: "stopped" };
