// The page: what the server sends -> what is seen. It asks for nothing but the stream of events.

import { Chart, marker } from "./chart.js";

const AGAIN_MS = 2000;
const KEPT_LINES = 200; // of a job, as the server keeps them
const element = (id) => document.getElementById(id);
const words = JSON.parse(element("words").textContent);
const jobs = new Map(); // what is known of each, by id
const lanes = new Map(); // elements, by framework
let overview = { runners: [], groups: [], run: null, lost: {} };
let chosen = null; // the group in front, by its first job, or the newest of a machine; null: of all
let written = null; // the group whose lines stand in the log
let lastId = "";
let waiting = false; // for the next frame
let share = true; // whether the metric in front is one, and shown in percent

const charts = {
  losses: new Chart(element("loss"), {
    xLabel: words.step,
    logarithmic: true,
    format: (value) => `${Number(value.toPrecision(3))}`,
    nothing: words.nothing_yet,
  }),
  metrics: new Chart(element("accuracy"), {
    xLabel: words.epoch,
    logarithmic: false,
    format: (value) => `${Number(value.toPrecision(4))}${share ? " %" : ""}`,
    nothing: words.nothing_yet,
  }),
};

function put(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// ------------------------------------------------------------------------------- what comes

function connect() {
  const source = new EventSource(`events?after=${encodeURIComponent(lastId)}`);
  source.onopen = () => tell("connected");
  source.onerror = () => {
    tell("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
  };
  source.addEventListener("overview", (event) => {
    lastId = event.lastEventId;
    overview = JSON.parse(event.data);
    const known = new Set(overview.groups.flatMap((group) => group.jobs));
    for (const id of jobs.keys()) if (!known.has(id)) jobs.delete(id);
    drawSoon();
  });
  source.addEventListener("job", (event) => {
    lastId = event.lastEventId;
    take(JSON.parse(event.data));
    drawSoon();
  });
}

function tell(state) {
  const shown = element("connection");
  shown.dataset.state = state;
  put(shown, words[state]);
}

function take(update) {
  const before = jobs.get(update.id) ?? { losses: [], metrics: [], lines: [] };
  const whole = { ...update };
  for (const name of ["losses", "metrics"]) {
    const { start, points, width, last } = update[name];
    const kept = before[name].slice(0, start);
    // A point stands in the middle of the steps that it is the mean of.
    const middle = (first) => (last ? Math.min(first + (width - 1) / 2, last[0]) : first);
    whole[name] = [...kept, ...points.map(([first, ...values]) => [middle(first), ...values])];
  }
  const known = before.lines.at(-1)?.sequence ?? 0;
  whole.lines = [...before.lines, ...update.lines.filter((line) => line.sequence > known)];
  whole.lines = whole.lines.slice(-KEPT_LINES);
  jobs.set(update.id, whole);
}

// ------------------------------------------------------------------------------ what is seen

function drawSoon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function draw() {
  const group = overview.groups.find((each) => isChosen(each)) ?? overview.groups[0];
  document.querySelector("main").toggleAttribute("data-idle", !group);
  if (group) {
    put(element("title"), group.title);
    put(element("details"), group.details);
    document.title = `${group.title} – ${words.title}`;
  }
  drawRun(overview.run);
  const front = (group?.jobs ?? []).map((id) => jobs.get(id)).filter(Boolean);
  for (const runner of overview.runners) {
    drawLane(runner, front.find((job) => job.framework === runner.framework), group?.machine);
  }
  drawCharts(front);
  drawLog(group, front);
  drawJobs(group);
}

function isChosen({ jobs: [id], machine }) {
  return chosen !== null && (chosen.machine ? machine === chosen.machine : id === chosen.id);
}

// How far the run has come, or what it came to.
function drawRun(run) {
  const shown = element("run");
  shown.hidden = !run;
  shown.toggleAttribute("data-ended", Boolean(run) && !run.running);
  put(shown.querySelector("strong"), run?.text ?? "");
  put(shown.querySelector("span"), run?.title ?? "");
  const machines = element("machines");
  const said = run?.machines ?? [];
  machines.hidden = said.length === 0;
  while (machines.children.length > said.length) machines.lastChild.remove();
  while (machines.children.length < said.length) machines.append(document.createElement("li"));
  said.forEach((text, index) => put(machines.children[index], text));
}

function drawLane(runner, job, machine) {
  let lane = lanes.get(runner.framework);
  if (!lane) {
    lane = element("lane").content.firstElementChild.cloneNode(true);
    lane.style.setProperty("--colour", runner.colour);
    lane.dataset.framework = runner.framework;
    lane.querySelector(".marker").append(marker(runner.marker));
    put(lane.querySelector(".label"), runner.label);
    lane.querySelector("progress").setAttribute("aria-label", `${words.progress}: ${runner.label}`);
    lanes.set(runner.framework, lane);
    element("lanes").append(lane);
  }
  const share = job?.share ?? 0;
  put(lane.querySelector(".state"), job ? (overview.lost[job.id] ?? job.state) : words.no_job);
  put(lane.querySelector(".epoch"), job?.progress ?? "");
  put(lane.querySelector(".percent"), job?.share ? `${Math.floor(100 * share)} %` : "");
  put(lane.querySelector(".error"), job?.error ?? "");
  lane.querySelector("progress").value = share;
  for (const shown of lane.querySelectorAll("[data-figure]")) {
    put(shown, job?.figures[shown.dataset.figure] ?? "-");
  }
  if (job) put(lane.querySelector("[data-figure=accuracy]").previousElementSibling, job.metric.heading);
  const from = lane.querySelector(".runner");
  put(from, machine || runner.text);
  const gone = !machine && !runner.connected && job !== undefined && job.active;
  from.toggleAttribute("data-gone", gone);
}

function drawCharts(front) {
  const curves = (name, figure, map) =>
    overview.runners.flatMap((runner) => {
      const job = front.find(({ framework }) => framework === runner.framework);
      if (!job) return [];
      const shown = { text: job.figures[figure], points: job[name].map(map) };
      return [{ label: runner.label, colour: runner.colour, marker: runner.marker, ...shown }];
    });
  const most = (field) => Math.max(1, ...front.map((job) => job[field]));
  if (front.length) {
    share = front[0].metric.is_share;
    put(element("accuracy").querySelector("figcaption"), front[0].metric.by_epoch);
  }
  const scale = share ? 100 : 1;
  const shown = ([epoch, ...values]) => [epoch + 1, ...values.map((value) => scale * value)];
  charts.losses.draw(curves("losses", "loss", (point) => point), [0, most("steps")]);
  charts.metrics.draw(curves("metrics", "accuracy", shown), [1, most("epochs")]);
}

function drawLog(group, front) {
  const log = element("log");
  const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 24;
  if (written !== group?.jobs[0]) {
    written = group?.jobs[0];
    log.replaceChildren();
  }
  const shown = new Map([...log.children].map((item) => [item.dataset.key, item]));
  for (const job of front) {
    for (const line of job.lines) {
      const key = `${job.id} ${line.sequence}`;
      if (!shown.delete(key)) log.insertBefore(lineOf(key, line), after(log, line.time));
    }
  }
  for (const old of shown.values()) old.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function lineOf(key, { time, text }) {
  const item = document.createElement("li");
  const when = document.createElement("time");
  const date = new Date(1000 * time);
  item.dataset.key = key;
  item.dataset.time = time;
  when.dateTime = date.toISOString();
  when.textContent = date.toLocaleTimeString("en-GB");
  const what = document.createElement("span");
  what.textContent = text;
  item.append(when, what);
  return item;
}

// The first line that is later; null: there is none.
function after(log, time) {
  let next = null;
  for (let item = log.lastElementChild; item; item = item.previousElementSibling) {
    if (Number(item.dataset.time) <= time) break;
    next = item;
  }
  return next;
}

function drawJobs(front) {
  const list = element("jobs");
  while (list.children.length > overview.groups.length) list.lastElementChild.remove();
  overview.groups.forEach((group, index) => {
    const item = list.children[index] ?? list.appendChild(itemOf());
    const button = item.firstElementChild;
    const [title, ...rest] = [group.title, ...group.lines];
    button.dataset.id = group.jobs[0];
    put(button.querySelector("strong"), title);
    const lines = [...button.querySelectorAll("span")];
    rest.forEach((text, i) => {
      put(lines[i] ?? button.appendChild(document.createElement("span")), text);
    });
    lines.slice(rest.length).forEach((extra) => extra.remove());
    if (group === front) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
}

// A machine's newest group stands for whatever is its newest; chosen again, it is let go.
function choice(id) {
  const group = overview.groups.find(({ jobs: [first] }) => first === id);
  const machine = group?.machine;
  if (!machine) return id === overview.groups[0]?.jobs[0] ? null : { id };
  if (chosen?.machine === machine) return null;
  const newest = overview.groups.find((each) => each.machine === machine);
  return group === newest ? { machine } : { id };
}

function itemOf() {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.append(document.createElement("strong"));
  button.addEventListener("click", () => {
    chosen = choice(button.dataset.id);
    draw();
  });
  item.append(button);
  return item;
}

// For a projector: what is seen from the back row, and nothing else. The address keeps it.
function showForProjector() {
  const wanted = location.hash === "#projector";
  document.documentElement.toggleAttribute("data-projector", wanted);
  element("projector").setAttribute("aria-pressed", String(wanted));
  draw();
}

element("projector").addEventListener("click", () => {
  location.hash = location.hash === "#projector" ? "" : "projector";
});
addEventListener("hashchange", showForProjector);
showForProjector();
connect();
