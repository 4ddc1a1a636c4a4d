/* Training by ONNX Runtime: the graph that PyTorch exported takes some steps at each call. */

import { inputsOf } from "./network.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {typeof import("onnxruntime-web")} Runtime */
/** @typedef {import("onnxruntime-web").InferenceSession} Session */
/** @typedef {import("onnxruntime-web").Tensor} Tensor */

const BUFFERS = /** @type {Record<string, string[]>} */ ({
  sgd: [],
  momentum: ["momentum_buffer"],
  adam: ["exp_avg", "exp_avg_sq"],
});
const LAYERS = ["hidden_linear.weight", "hidden_linear.bias", "output_linear.weight", "output_linear.bias"];

/**
 * Fetch the runtime, once; it lies in the site, and runs in one thread.
 * @param {URL} folder
 * @returns {Promise<Runtime>}
 */
export async function fetchRuntime(folder) {
  const runtime = await import(new URL("ort.wasm.min.mjs", folder).href);
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = {
    mjs: new URL("ort-wasm-simd-threaded.mjs", folder).href,
    wasm: new URL("ort-wasm-simd-threaded.wasm", folder).href,
  };
  return runtime;
}

/** @param {Settings} settings the name of the graph that trains such a network */
export const graphOf = ({ hidden, activation, optimizer }) =>
  `${hidden ? activation : "line"}-${optimizer}.onnx`;

/** One network that trains. After each call of `advance` it holds the weights and all losses. */
export class Run {
  /**
   * @param {Runtime} runtime @param {Session} session @param {Settings} settings
   * @param {Float32Array[]} weights to start from
   */
  constructor(runtime, session, settings, weights) {
    const { Tensor } = runtime;
    this.Tensor = Tensor;
    this.session = session;
    this.done = 0;
    /** The step whose loss is not a number any more, or 0. */
    this.diverged = 0;
    this.trainLoss = new Float32Array(settings.steps);
    this.valLoss = new Float32Array(settings.steps);
    this.weights = weights;
    const { hidden, readings, lr, optimizer } = settings;
    const shapes = hidden ? [[hidden, 1], [hidden], [1, hidden], [1]] : [[1, 1], [1]];
    this.names = hidden ? LAYERS : LAYERS.slice(2);
    /** Weights, and what the optimizer keeps of earlier steps.
     * @type {Record<string, Tensor>} */
    this.state = {};
    this.names.forEach((name, i) => {
      const values = weights[i] ?? new Float32Array();
      const shape = shapes[i] ?? [];
      this.state[name] = new Tensor("float32", values, shape);
      for (const buffer of BUFFERS[optimizer] ?? []) {
        this.state[`${buffer}.${name}`] = new Tensor("float32", new Float32Array(values.length), shape);
      }
    });
    const training = readings.filter(({ held }) => !held);
    const heldOut = readings.filter(({ held }) => held);
    this.hasVal = heldOut.length > 0;
    // Without held-out readings a training reading stands in; its losses are dropped.
    const parts = { train: training, val: this.hasVal ? heldOut : training.slice(0, 1) };
    /** @type {Record<string, Tensor>} */
    this.data = { lr: new Tensor("float32", [lr], []) };
    for (const [name, rows] of Object.entries(parts)) {
      const inputs = inputsOf(settings, rows.map(({ u }) => u));
      const targets = Float32Array.from(rows, ({ c }) => c);
      this.data[`${name}_inputs`] = new Tensor("float32", inputs, [rows.length, 1]);
      this.data[`${name}_targets`] = new Tensor("float32", targets, [rows.length, 1]);
    }
  }

  /**
   * Take some steps, but none beyond the last; stop before the first whose loss is not finite.
   * @param {number} count
   */
  async advance(count) {
    const steps = Math.min(count, this.trainLoss.length - this.done);
    if (steps < 1 || this.diverged) return;
    const { state, trainLoss, valLoss } = await this.#take(steps);
    const bad = trainLoss.findIndex((loss, i) => !Number.isFinite(loss + (valLoss[i] ?? 0)));
    const fine = bad < 0 ? steps : bad;
    this.trainLoss.set(trainLoss.subarray(0, fine), this.done);
    this.valLoss.set(valLoss.subarray(0, fine), this.done);
    // The steps before that are taken once more, and no further.
    if (bad < 0) this.state = state;
    else if (bad > 0) this.state = (await this.#take(bad)).state;
    this.done += fine;
    if (bad >= 0) this.diverged = this.done + 1;
    this.weights = this.names.map((name) => floats(this.state[name]));
  }

  /** @param {number} count */
  async #take(count) {
    const steps = Float32Array.from({ length: count }, (_, i) => this.done + i + 1);
    const feeds = { ...this.state, ...this.data, steps: new this.Tensor("float32", steps, [count]) };
    const results = await this.session.run(feeds);
    /** @type {Record<string, Tensor>} */
    const state = {};
    for (const name of Object.keys(this.state)) state[name] = output(results[`after.${name}`]);
    const valLoss = this.hasVal ? floats(results.val_loss) : new Float32Array(count);
    return { state, trainLoss: floats(results.train_loss), valLoss };
  }
}

/** @param {Tensor | undefined} tensor @returns {Tensor} */
function output(tensor) {
  if (!tensor) throw new Error("the graph has other outputs than it should");
  return tensor;
}

/** @param {Tensor | undefined} tensor */
const floats = (tensor) => /** @type {Float32Array} */ (output(tensor).data);
