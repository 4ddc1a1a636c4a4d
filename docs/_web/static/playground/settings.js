/* An experiment: what trains on what. It is written into the page's address, and read from there. */

/** One reading: what the old thermometer shows, degrees Celsius, and whether it is held out.
 * @typedef {{u: number, c: number, held: boolean}} Reading */
/** `start` holds weights and biases to start from; without it the seed draws them. `twin` trains a
 * second network beside the first, whose starting weights differ in the last binary digit.
 * @typedef {{hidden: number, activation: string, optimizer: string, lr: number, steps: number,
 *   seed: number, scaling: string, start: number[] | null, twin: boolean, readings: Reading[]}}
 *   Settings */

export const CHOICES = {
  activation: ["tanh", "relu", "gelu", "sigmoid"],
  optimizer: ["sgd", "momentum", "adam"],
  scaling: ["tenth", "standard", "raw"],
};
const WHOLE = { hidden: [0, 32], steps: [1, 100_000], seed: [0, 2 ** 32 - 1] };
const RATES = [1e-7, 10];
export const LARGEST = 1000;
export const MOST_READINGS = 40;

const CELSIUS = [0.5, 14, 15, 28, 11, 8, 3, -4, 6, 13, 21];
const UNKNOWN_UNIT = [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4];

/** @returns {Reading[]} the book's readings, with rows 7 and 10 held out */
export const bookReadings = () =>
  CELSIUS.map((c, row) => ({ u: UNKNOWN_UNIT[row] ?? 0, c, held: row === 7 || row === 10 }));

/** @returns {Settings} what the page starts with */
export const defaults = () => ({
  hidden: 13,
  activation: "tanh",
  optimizer: "sgd",
  lr: 1e-3,
  steps: 5000,
  seed: 0,
  scaling: "tenth",
  start: null,
  twin: false,
  readings: bookReadings(),
});

/** What the buttons set; all else is as in `defaults`.
 * @type {Record<string, Partial<Settings>>} */
export const PRESETS = {
  line: { hidden: 0, lr: 0.01 },
  overfits: { hidden: 32, optimizer: "adam", lr: 0.02, steps: 3000 },
  diverges: { hidden: 0, lr: 0.04, steps: 1000 },
  published: { hidden: 0, lr: 0.01, steps: 3000, start: [0.41856, -0.48353] },
  twins: { twin: true, steps: 3000 },
};

/** @param {Settings} settings how many weights and biases there are */
export const parameters = ({ hidden }) => (hidden ? 3 * hidden + 1 : 2);

/**
 * Write settings as the part of an address behind its #.
 * @param {Settings} settings
 */
export function toHash(settings) {
  const { readings, start, twin, ...rest } = settings;
  const words = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
  if (start) words.push(`start=${start.join(",")}`);
  if (twin) words.push("twin=1");
  const pairs = readings.map(({ u, c }) => `${u}:${c}`).join(",");
  if (pairs !== bookReadings().map(({ u, c }) => `${u}:${c}`).join(",")) {
    words.push(`readings=${pairs}`);
  }
  words.push(`held=${readings.flatMap(({ held }, row) => (held ? [row] : [])).join(",")}`);
  return words.join("&");
}

/**
 * Read settings from the part of an address behind its #. What cannot be read is named, and the
 * default stands in its place.
 * @param {string} hash
 * @returns {{settings: Settings, problems: string[]}}
 */
export function fromHash(hash) {
  const settings = defaults();
  /** @type {string[]} */
  const problems = [];
  const words = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
  /** @param {string} name @param {string} rule @param {string} got */
  const refuse = (name, rule, got) => {
    problems.push(`“${name}” must be ${rule}, and not “${got.slice(0, 40)}”`);
  };
  for (const [name, text] of words) {
    if (name === "hidden" || name === "steps" || name === "seed") {
      const [low = 0, high = 0] = WHOLE[name];
      const value = number(text);
      if (Number.isInteger(value) && value >= low && value <= high) settings[name] = value;
      else refuse(name, `a whole number from ${low} to ${high}`, text);
    } else if (name === "activation" || name === "optimizer" || name === "scaling") {
      if (CHOICES[name].includes(text)) settings[name] = text;
      else refuse(name, `one of ${CHOICES[name].join(", ")}`, text);
    } else if (name === "lr") {
      const problem = rateProblem(number(text));
      if (!problem) settings.lr = number(text);
      else refuse("lr", problem, text);
    } else if (name === "twin") {
      if (text === "1" || text === "0") settings.twin = text === "1";
      else refuse("twin", "0 or 1", text);
    } else if (name === "readings") {
      const readings = (text ? text.split(",") : []).map((pair) => {
        const [u = NaN, c = NaN, ...more] = pair.split(":").map(number);
        return { u: more.length ? NaN : u, c, held: false };
      });
      const fine = readings.every(({ u, c }) => Math.abs(u) <= LARGEST && Math.abs(c) <= LARGEST);
      if (fine && readings.length <= MOST_READINGS) settings.readings = readings;
      else refuse("readings", `up to ${MOST_READINGS} pairs such as 35.7:0.5`, text);
    } else if (name !== "held" && name !== "start") {
      problems.push(`“${name.slice(0, 40)}” is not one of the settings`);
    }
  }
  const held = words.get("held");
  if (held !== null || words.has("readings")) {
    const rows = held ? held.split(",").map(number) : [];
    if (rows.every((row) => settings.readings[row])) {
      settings.readings.forEach((reading, row) => (reading.held = rows.includes(row)));
    } else refuse("held", "rows of the readings, counted from 0", held ?? "");
  }
  const start = words.get("start");
  if (start) {
    const values = start.split(",").map(number);
    const count = parameters(settings);
    if (values.length === count && values.every(Number.isFinite)) settings.start = values;
    else refuse("start", `${count} numbers, one for each weight and bias`, start);
  }
  return { settings, problems };
}

/** @param {string} text a number, or NaN for anything else */
export const number = (text) => (/^-?[\d.]+(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN);

/** @param {number} lr what is wrong with a learning rate, if anything is */
export const rateProblem = (lr) =>
  lr >= (RATES[0] ?? 0) && lr <= (RATES[1] ?? 0) ? "" : `a number from ${RATES[0]} to ${RATES[1]}`;

/** @param {Settings} settings why these readings cannot be trained on, if they cannot */
export function obstacle({ readings, scaling }) {
  const training = readings.filter(({ held }) => !held);
  if (!readings.length) return "There are no readings left to learn from.";
  if (!training.length) return "All readings are held out, so none is left to learn from.";
  if (training.length === 1) {
    return "One reading is left to learn from. Any curve through it is as good as any other.";
  }
  if (scaling === "standard" && training.every(({ u }) => u === training[0]?.u)) {
    return "All training readings are equal, so they cannot be standardized: they do not vary.";
  }
  return "";
}
