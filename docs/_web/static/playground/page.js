/* The playground: what the reader sets, the run that follows from it, and what is drawn. */

import { Chart, short, svg, thinned } from "./chart.js";
import { nnbookScript, torchScript } from "./code.js";
import { inputsOf, nudged, outputsOf, startOf } from "./network.js";
import { Marks } from "./readings.js";
import * as saved from "./settings.js";
import { fetchRuntime, graphOf, Run } from "./training.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./training.js").Runtime} Runtime */

/** How long a run takes that is watched, and how much of a frame's 16.7 ms is spent on training. */
const WATCHED_SECONDS = 5;
const FRAME_BUDGET = 13;
const POINTS = 160;
const SITE = new URL("..", import.meta.url);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {HTMLElement} part where the directive put the markup of docs/_web/playground.html */
export function start(part) {
  new Playground(part);
}

class Playground {
  /** @type {Runtime | null} */
  runtime = null;
  /** The run, and its twin if there is one; none before the runtime is there.
   * @type {Run[]} */
  runs = [];
  isPlaying = false;
  /** Counts the runs: a step that was asked for before a change is not shown after it. */
  number = 0;
  microseconds = 30;
  chosen = 0;
  /** @type {Map<string, ReturnType<Runtime["InferenceSession"]["create"]>>} */
  sessions = new Map();

  /** @param {HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.settings = saved.defaults();
    const onResize = () => this.draw();
    /** @param {string} id */
    const plot = (id) => /** @type {SVGSVGElement} */ (/** @type {unknown} */ (this.find(id)));
    this.curve = new Chart(plot("#playground-curve"), {
      x: "reading (unknown unit)",
      y: "temperature (°C)",
      onResize,
    });
    this.losses = new Chart(plot("#playground-losses"), {
      x: "step",
      y: "loss (°C²)",
      isLog: true,
      onResize,
    });
    /** @param {Chart} chart @param {string} name */
    const line = (chart, name) => chart.lines.appendChild(svg("path", { class: name }));
    this.paths = {
      curve: line(this.curve, "line curve"),
      twin: line(this.curve, "line twin"),
      val: line(this.losses, "line held"),
      train: line(this.losses, "line training"),
      twinLoss: line(this.losses, "line twin"),
    };
    this.marks = new Marks(this.curve, {
      choose: (row) => this.choose(row),
      move: (row, u, c) => this.moveReading(row, { u, c }),
      remove: () => this.remove(),
      hold: () => this.hold(),
    });
    this.listen();
    this.firstWord = this.find('[data-do="train"]').textContent ?? "";
    this.input("speed").value = calm.matches ? "fast" : "watch";
    this.readAddress();
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const found = this.part.querySelector(selector);
    if (!found) throw new Error(`the page lacks ${selector}`);
    return /** @type {HTMLElement} */ (found);
  }

  /** @param {string} name */
  input = (name) => /** @type {HTMLInputElement} */ (this.find(`[name="${name}"]`));

  listen() {
    const acts = /** @type {Record<string, () => void>} */ ({
      train: () => (this.isPlaying ? this.pause() : this.play()),
      step: () => this.step(),
      reset: () => this.restart(false),
      remove: () => this.remove(),
      add: () => this.add(),
    });
    this.part.addEventListener("click", ({ target }) => {
      const { dataset } = /** @type {HTMLElement} */ (target);
      if (dataset.do) acts[dataset.do]?.();
      if (dataset.preset) this.change({ ...saved.defaults(), ...saved.PRESETS[dataset.preset] });
      if (dataset.copy) this.copy(dataset.copy);
    });
    for (const name of ["hidden", "lr", "steps", "seed"]) {
      const input = this.input(name);
      input.addEventListener(name === "hidden" ? "input" : "change", () => this.set(name, input.value));
    }
    for (const name of ["activation", "optimizer", "scaling"]) {
      this.input(name).addEventListener("change", ({ target }) =>
        this.set(name, /** @type {HTMLSelectElement} */ (target).value),
      );
    }
    for (const name of ["u", "c"]) {
      this.input(name).addEventListener("change", () => {
        const value = saved.number(this.input(name).value.replace("−", "-"));
        if (Math.abs(value) <= saved.LARGEST) this.moveReading(this.chosen, { [name]: value }, true);
        else this.refuse(`A reading must be a number from −${saved.LARGEST} to ${saved.LARGEST}.`);
      });
    }
    this.input("row").addEventListener("change", () => this.choose(Number(this.input("row").value)));
    this.input("held").addEventListener("change", () => this.hold());
    addEventListener("hashchange", () => this.readAddress());
    this.find("details").addEventListener("toggle", () => this.writeCode());
  }

  readAddress() {
    const { settings, problems } = saved.fromHash(location.hash);
    this.change(settings, false);
    if (problems.length) {
      this.say(`The address could not be read in full: ${problems.join("; ")}. The page's own value stands there.`, {
        "Start from the page's own settings": () => this.change(saved.defaults()),
      });
    }
  }

  /** Change one setting by what was typed. @param {string} name @param {string} text */
  set(name, text) {
    const { settings, problems } = saved.fromHash(`${name}=${text.trim()}`);
    if (problems.length) this.refuse(`${problems[0]}.`);
    else {
      const value = settings[/** @type {keyof Settings} */ (name)];
      const start = name === "hidden" || name === "seed" ? null : this.settings.start;
      this.change({ ...this.settings, start, [name]: value });
    }
  }

  /** Say what was wrong, and put back what was there. @param {string} words */
  refuse(words) {
    this.show();
    this.say(words);
  }

  /** Take new settings: the run starts afresh. @param {Settings} settings */
  change(settings, isTold = true) {
    this.settings = settings;
    this.chosen = Math.min(this.chosen, Math.max(settings.readings.length - 1, 0));
    if (isTold) history.replaceState(null, "", `#${saved.toHash(settings)}`);
    this.#fitRanges();
    this.restart(this.isPlaying);
  }

  /** Show all readings, and some room beside them. */
  #fitRanges() {
    const { readings } = this.settings;
    const [us, cs] = [readings.map(({ u }) => u), readings.map(({ c }) => c)];
    this.curve.setRanges([Math.min(15, ...us), Math.max(90, ...us)], [Math.min(-10, ...cs), Math.max(35, ...cs)]);
  }

  /** @param {number} row @param {Partial<saved.Reading>} place */
  moveReading(row, place, isFree = false) {
    const readings = this.settings.readings.map((reading, i) => (i === row ? { ...reading, ...place } : reading));
    this.settings = { ...this.settings, readings };
    history.replaceState(null, "", `#${saved.toHash(this.settings)}`);
    if (isFree) this.#fitRanges();
    this.restart(this.isPlaying);
  }

  /** @param {number} row */
  choose(row) {
    this.chosen = this.marks.chosen = row;
    this.showReading();
    this.marks.draw();
  }

  hold() {
    const reading = this.settings.readings[this.chosen];
    if (reading) this.moveReading(this.chosen, { held: !reading.held });
  }

  remove() {
    this.change({ ...this.settings, readings: this.settings.readings.filter((_, row) => row !== this.chosen) });
  }

  add() {
    const { readings } = this.settings;
    if (readings.length >= saved.MOST_READINGS) {
      this.say(`There is room for ${saved.MOST_READINGS} readings.`);
      return;
    }
    // In the middle of the widest gap.
    const places = readings.map(({ u }) => u).sort((a, b) => a - b);
    const [low, high] = this.curve.xRange;
    const ends = [low, ...places, high];
    const gaps = ends.slice(1).map((end, i) => ({ width: end - (ends[i] ?? 0), at: (end + (ends[i] ?? 0)) / 2 }));
    const { at } = gaps.reduce((best, gap) => (gap.width > best.width ? gap : best));
    this.chosen = readings.length;
    this.change({ ...this.settings, readings: [...readings, { u: Math.round(at * 10) / 10, c: 10, held: false }] });
  }

  /** Put the run back to its start. @param {boolean} goOn */
  restart(goOn) {
    this.number++;
    this.isPlaying = false;
    this.runs = [];
    const obstacle = saved.obstacle(this.settings);
    this.show();
    if (obstacle) {
      this.say(obstacle, { "Back to the book's readings": () => this.change({ ...this.settings, readings: saved.bookReadings() }) });
    } else {
      this.say("");
      if (goOn) this.play();
    }
  }

  /** Fetch what is needed and put the networks at their start; tell whether that went well. */
  async prepare() {
    if (this.runs.length) return true;
    if (saved.obstacle(this.settings)) return false;
    const { settings, number } = this;
    const button = this.find('[data-do="train"]');
    button.setAttribute("aria-busy", "true");
    try {
      if (!this.runtime) this.find('[data-do="train"]').textContent = "Fetching …";
      const runtime = this.runtime ?? (await fetchRuntime(new URL("npm/onnxruntime-web/", SITE)));
      const graph = new URL(`graphs/${graphOf(settings)}`, SITE).href;
      const session = this.sessions.get(graph) ?? runtime.InferenceSession.create(graph);
      this.sessions.set(graph, session);
      const ready = await session;
      this.runtime = runtime;
      if (number !== this.number) return false;
      const weights = startOf(settings);
      const starts = settings.twin ? [weights, nudged(weights)] : [weights];
      this.runs = starts.map((each) => new Run(runtime, ready, settings, each));
      return true;
    } catch (error) {
      console.error(error);
      this.sessions.clear();
      this.say("What trains could not be fetched. Is there a connection?", { "Try again": () => this.play() });
      return false;
    } finally {
      button.removeAttribute("aria-busy");
      this.showButton();
    }
  }

  get #isOver() {
    const [run] = this.runs;
    return this.runs.some(({ diverged }) => diverged) || (run !== undefined && run.done >= this.settings.steps);
  }

  async play() {
    if (this.#isOver) this.restart(false);
    const { number } = this;
    this.isPlaying = true;
    this.showButton();
    if (!(await this.prepare())) {
      if (number === this.number) this.isPlaying = false;
      this.showButton();
      return;
    }
    this.say("");
    let last = performance.now();
    let owed = 0;
    const frame = async (/** @type {number} */ now) => {
      if (!this.isPlaying || number !== this.number) return;
      const seconds = Math.max(now - last, 0) / 1000;
      last = now;
      const speed = this.input("speed").value;
      const most = Math.max(1, Math.floor((FRAME_BUDGET * 1000) / this.microseconds / this.runs.length));
      owed += (this.settings.steps / WATCHED_SECONDS) * Math.min(seconds, 0.1);
      const wanted = { fast: most, slow: 1, watch: Math.floor(owed) }[speed] ?? most;
      owed -= Math.floor(owed);
      await this.advance(Math.min(wanted, most), number);
      if (number !== this.number) return;
      this.draw();
      if (this.#isOver) this.rest();
      else if (this.isPlaying) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** @param {number} steps @param {number} number of the run that they are for */
  async advance(steps, number) {
    const [run] = this.runs;
    if (!run || steps < 1) return;
    const before = run.done;
    const begin = performance.now();
    for (const each of this.runs) await each.advance(steps);
    const taken = run.done - before;
    // A short slice says little of how long a step takes.
    if (taken > 20 && number === this.number) {
      const measured = (1000 * (performance.now() - begin)) / taken / this.runs.length;
      this.microseconds += (measured - this.microseconds) * 0.3;
    }
  }

  pause() {
    this.isPlaying = false;
    this.rest();
  }

  async step() {
    this.isPlaying = false;
    if (this.#isOver) this.restart(false);
    const { number } = this;
    if (!(await this.prepare()) || number !== this.number) return;
    await this.advance(1, number);
    if (number !== this.number) return;
    this.draw();
    this.rest();
  }

  /** The run rests: say where it is. */
  rest() {
    this.isPlaying = false;
    this.showButton();
    const [run, twin] = this.runs;
    if (!run) return;
    const { steps, lr } = this.settings;
    const trains = run.done ? `the training loss is ${short(run.trainLoss[run.done - 1] ?? 0)} °C²` : "nothing is trained";
    const holds = run.done && run.hasVal ? `, that of the held-out readings ${short(run.valLoss[run.done - 1] ?? 0)} °C²` : "";
    const diverged = Math.min(...this.runs.map((each) => each.diverged || Infinity));
    if (Number.isFinite(diverged)) {
      const lower = Number((lr / 10).toPrecision(1));
      const last = run.done ? `; after the step before ${trains}` : "";
      this.say(
        `Diverged: in step ${short(diverged)} the loss is too large to be a number${last}. The usual cause is a learning rate that is too large, or readings that are not scaled.`,
        { [`Learning rate ${lower}`]: () => this.change({ ...this.settings, lr: Math.max(lower, 1e-7) }) },
      );
    } else {
      const when = run.done >= steps ? `After all ${short(steps)} steps` : `After ${short(run.done)} of ${short(steps)} steps`;
      const apart = twin ? ` ${this.comparison()}` : "";
      this.say(`${when} ${trains}${holds}.${apart}`);
    }
    this.showTable();
    this.part.dispatchEvent(new CustomEvent("rest", { detail: { runs: this.runs } }));
  }

  /** @param {string} words @param {Record<string, () => void>} [mends] buttons that lead on */
  say(words, mends = {}) {
    this.find(".said").textContent = words;
    const place = this.find(".mends");
    place.hidden = !Object.keys(mends).length;
    place.replaceChildren(
      ...Object.entries(mends).map(([name, act]) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = name;
        button.addEventListener("click", () => {
          this.find('[data-do="train"]').focus();
          act();
        });
        return button;
      }),
    );
  }

  // What is shown.

  show() {
    const { settings } = this;
    for (const name of /** @type {const} */ (["hidden", "activation", "optimizer", "lr", "steps", "seed", "scaling"])) {
      this.input(name).value = String(settings[name]);
    }
    if (settings.start) this.input("seed").value = "as given";
    this.find('[data-shown="hidden"]').textContent = settings.hidden ? String(settings.hidden) : "none: a line";
    this.input("activation").disabled = !settings.hidden;
    for (const key of this.part.querySelectorAll(".key [data-twin]")) {
      const { dataset } = /** @type {HTMLElement} */ (key);
      /** @type {HTMLElement} */ (key).hidden = (dataset.twin === "yes") !== settings.twin;
    }
    this.input("row").replaceChildren(...settings.readings.map((_, row) => new Option(String(row + 1), String(row))));
    this.showReading();
    this.showButton();
    this.showTable();
    this.writeCode();
    this.draw();
  }

  showButton() {
    const word = this.runs.length && !this.#isOver && (this.runs[0]?.done ?? 0) > 0 ? "Go on" : "Train";
    this.find('[data-do="train"]').textContent = this.isPlaying ? "Pause" : this.runtime ? word : this.firstWord;
  }

  showReading() {
    const reading = this.settings.readings[this.chosen];
    for (const name of ["row", "u", "c", "held"]) this.input(name).disabled = !reading;
    /** @type {HTMLButtonElement} */ (this.find('[data-do="remove"]')).disabled = !reading;
    this.input("row").value = String(this.chosen);
    this.input("u").value = reading ? String(reading.u) : "";
    this.input("c").value = reading ? String(reading.c) : "";
    this.input("held").checked = Boolean(reading?.held);
  }

  showTable() {
    const [run] = this.runs;
    const { steps } = this.settings;
    const rows = [1, Math.round(steps / 3), Math.round((2 * steps) / 3), steps];
    this.find("tbody").replaceChildren(
      ...[...new Set(rows)].map((step) => {
        const row = document.createElement("tr");
        const isThere = run && step <= run.done;
        const train = isThere ? fixed(run.trainLoss[step - 1]) : "–";
        const val = isThere && run.hasVal ? fixed(run.valLoss[step - 1]) : "–";
        for (const text of [step.toLocaleString("en"), train, val]) row.insertCell().textContent = text;
        return row;
      }),
    );
    const [weight, bias] = run?.weights.length === 2 ? run.weights : [];
    const line = weight && bias ? `Weight ${fixed(weight[0])}, bias ${fixed(bias[0])}.` : "";
    this.find('[data-shown="parameters"]').textContent = line;
  }

  /** What each network makes of the readings along the axis. */
  outputs() {
    const [low, high] = this.curve.xRange;
    const xs = Array.from({ length: POINTS + 1 }, (_, i) => low + ((high - low) * i) / POINTS);
    const first = startOf(this.settings);
    const weights = this.runs.length ? this.runs.map((run) => run.weights) : [first];
    const inputs = inputsOf(this.settings, xs);
    return { xs, ys: weights.map((each) => outputsOf(this.settings, each, inputs)) };
  }

  /** How far the two networks are, and were, from each other. */
  comparison() {
    const [run, twin] = this.runs;
    if (!run || !twin || !run.done) return "";
    const [one = [], other = []] = this.outputs().ys;
    const distance = Math.max(...Array.from(one, (y, i) => Math.abs(y - (other[i] ?? y))));
    let [step, most] = [1, 0];
    for (let i = 0; i < run.done; i++) {
      const difference = Math.abs((twin.trainLoss[i] ?? 0) / (run.trainLoss[i] || 1) - 1);
      if (difference > most) [step, most] = [i + 1, difference];
    }
    return (
      `The two curves are at most ${short(distance)} °C apart. Their training losses differed ` +
      `most in step ${short(step)}, by ${short(100 * most)} %.`
    );
  }

  draw() {
    const { curve, losses, paths, settings } = this;
    const canTrain = !saved.obstacle(settings);
    const { xs, ys } = canTrain ? this.outputs() : { xs: [], ys: [] };
    paths.curve.setAttribute("d", curve.path(ys[0] ? xs : [], ys[0] ?? []));
    paths.twin.setAttribute("d", curve.path(ys[1] ? xs : [], ys[1] ?? []));
    this.marks.readings = settings.readings;
    this.marks.chosen = this.chosen;
    this.marks.draw();
    const [run, twin] = this.runs;
    // Beside a twin the held-out losses would only be in the way.
    const val = run?.hasVal && !twin ? run.valLoss : undefined;
    const rows = [run?.trainLoss, val, twin?.trainLoss];
    const count = run?.done ?? 0;
    const thin = rows.map((row) => (row ? thinned(row, count, settings.steps, losses.innerWidth) : { xs: [], ys: [] }));
    const all = thin.flatMap((row) => row.ys).filter((value) => value > 0);
    losses.setRanges([1, Math.max(settings.steps, 2)], around(all));
    [paths.train, paths.val, paths.twinLoss].forEach((path, i) => {
      path.setAttribute("d", losses.path(thin[i]?.xs ?? [], thin[i]?.ys ?? []));
    });
    this.find('[data-shown="done"]').textContent = count.toLocaleString("en");
    this.find('[data-shown="train"]').textContent = count ? short(run?.trainLoss[count - 1] ?? 0) : "–";
    this.find('[data-shown="val"]').textContent = count && run?.hasVal ? short(run.valLoss[count - 1] ?? 0) : "–";
  }

  writeCode() {
    if (!(/** @type {HTMLDetailsElement} */ (this.find("details")).open)) return;
    const canTrain = !saved.obstacle(this.settings);
    const scripts = { nnbook: nnbookScript, torch: torchScript };
    for (const [name, write] of Object.entries(scripts)) {
      this.find(`[data-code="${name}"]`).textContent = canTrain ? write(this.settings) : "";
    }
  }

  /** @param {string} name */
  async copy(name) {
    await navigator.clipboard.writeText(this.find(`[data-code="${name}"]`).textContent ?? "");
    this.find(`[data-copy="${name}"]`).textContent = "Copied";
  }
}

/** @param {number | undefined} value */
const fixed = (value = NaN) => (Math.abs(value) < 1e5 ? value.toFixed(4).replace("-", "−") : short(value));

/** Round numbers around losses, for an axis of powers of ten. @param {number[]} values @returns {[number, number]} */
function around(values) {
  if (!values.length) return [1, 1000];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [power, top] = [10 ** Math.floor(Math.log10(low)), 10 ** Math.floor(Math.log10(high))];
  const below = [5, 2, 1].find((factor) => factor * power <= low) ?? 1;
  const above = [1, 2, 5, 10].find((factor) => factor * top >= high) ?? 10;
  return [below * power, Math.max(above * top, below * power * 10)];
}
