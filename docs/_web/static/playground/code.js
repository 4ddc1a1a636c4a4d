/* The experiment as a script: by nnbook, and by PyTorch alone. Both print the same losses. */

import { startOf } from "./network.js";
import { bookReadings } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */

const MODULES = /** @type {Record<string, string>} */ ({
  tanh: "Tanh",
  relu: "ReLU",
  gelu: "GELU",
  sigmoid: "Sigmoid",
});
const OPTIMIZERS = /** @type {Record<string, string[]>} */ ({
  sgd: ["SGD", ""],
  momentum: ["SGD", ", momentum=0.9"],
  adam: ["Adam", ""],
});
const NUDGE = "start * (1 + torch.finfo(start.dtype).eps)";

/** @param {Settings} settings */
export const nnbookScript = (settings) => script(settings, true);

/** @param {Settings} settings */
export const torchScript = (settings) => script(settings, false);

/** @param {Settings} settings @param {boolean} byBook */
function script(settings, byBook) {
  const { twin, steps } = settings;
  const parts = [
    `"""${title(settings)}."""`,
    `import torch\nfrom torch import nn${byBook ? "\n\nimport nnbook" : ""}`,
    `torch.set_num_threads(1)  # more threads slow such small networks down`,
    byBook ? bookData(settings) : torchData(settings),
    start(settings),
    `\ndef train(start):\n${indent(byBook ? bookTraining(settings) : torchTraining(settings))}\n`,
    `chosen = sorted({*range(1, 21), *range(100, ${steps}, 100), ${steps}})`,
    `print("step  training  held out")`,
    loop(twin),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

/** @param {boolean} twin */
function loop(twin) {
  const body = `train_loss, val_loss = train(start)
for step in chosen:
    if step <= len(train_loss):
        val = f"{val_loss[step - 1]:.7g}" if len(val_loss) else "-"
        print(f"{step:6} {train_loss[step - 1]:.7g} {val}")`;
  if (!twin) return body;
  return `# The second time each number has its last binary digit changed.\nfor start in (start, ${NUDGE}):\n${indent(body)}`;
}

/** @param {Settings} settings */
function title({ hidden, activation, optimizer, lr, steps, twin }) {
  const kind = hidden ? `${hidden} hidden units (${MODULES[activation]})` : "A straight line";
  const [name, options] = OPTIMIZERS[optimizer] ?? [];
  return `${kind}, ${name}${options ? " with momentum" : ""}, learning rate ${lr}, ${steps} steps${twin ? ", twice" : ""}`;
}

/** @param {Settings} settings */
function rows({ readings }) {
  const held = readings.flatMap(({ held: isHeld }, row) => (isHeld ? [row] : []));
  const same = bookReadings().every(({ u, c }, i) => readings[i]?.u === u && readings[i]?.c === c);
  return { held, isBook: same && readings.length === bookReadings().length };
}

/** @param {Settings} settings */
function bookData(settings) {
  const { readings, scaling } = settings;
  const { held, isBook } = rows(settings);
  const given = `data = nnbook.Samples(
    torch.tensor([${readings.map(({ u }) => decimal(u)).join(", ")}]).unsqueeze(1),
    torch.tensor([${readings.map(({ c }) => decimal(c)).join(", ")}]).unsqueeze(1),
)`;
  const lines = [isBook ? "data = nnbook.load_thermometer()" : given];
  if (scaling === "tenth") lines.push("data = data.with_inputs(0.1 * data.inputs)");
  if (held.length) lines.push(`split = data.split_at([${held.join(", ")}])`, "train_rows, val_rows = split.train, split.val");
  else lines.push("train_rows, val_rows = data, None");
  if (scaling === "standard") {
    lines.push("standardize = nnbook.Standardize.of(train_rows)");
    lines.push("train_rows = train_rows.with_inputs(standardize(train_rows.inputs))");
    if (held.length) lines.push("val_rows = val_rows.with_inputs(standardize(val_rows.inputs))");
  }
  return lines.join("\n");
}

/** @param {Settings} settings */
function torchData(settings) {
  const { readings, scaling } = settings;
  const { held } = rows(settings);
  const columns = [readings.map(({ u }) => decimal(u)), readings.map(({ c }) => decimal(c))];
  const lines = [
    `inputs = torch.tensor([${columns[0]?.join(", ")}]).unsqueeze(1)  # unknown unit`,
    `targets = torch.tensor([${columns[1]?.join(", ")}]).unsqueeze(1)  # degrees Celsius`,
    `held_out = [${held.join(", ")}]`,
    "kept = [row for row in range(len(inputs)) if row not in held_out]",
  ];
  if (scaling === "tenth") lines.push("inputs = 0.1 * inputs");
  if (scaling === "standard") {
    lines.push("mean, std = inputs[kept].mean(), inputs[kept].std(correction=0)");
    lines.push("inputs = (inputs - mean) / std");
  }
  return lines.join("\n");
}

/** @param {Settings} settings */
function start(settings) {
  const { hidden, seed } = settings;
  const values = startOf(settings).flatMap((part) => [...part].map((value) => Number(value.toPrecision(9))));
  const from = settings.start
    ? "# Weights and biases at the start, as they were given."
    : `# Weights and biases at the start: torch.manual_seed(${seed}), then nnbook.mlp(1, ${hidden || "()"}, 1).`;
  let lines = "";
  for (let i = 0; i < values.length; i += 5) {
    lines += `    ${values.slice(i, i + 5).map(decimal).join(", ")},\n`;
  }
  return `${from}\nstart = torch.tensor([\n${lines}])`;
}

/** @param {number} value a number that Python takes for one with a fraction */
const decimal = (value) => (Number.isInteger(value) ? `${value}.0` : String(value));

/** @param {Settings} settings */
function optimizer({ optimizer: name, lr }) {
  const [kind, options] = OPTIMIZERS[name] ?? [];
  return `optimizer = torch.optim.${kind}(model.parameters(), lr=${lr}${options})`;
}

/** @param {Settings} settings */
function bookTraining(settings) {
  const { hidden, activation, steps } = settings;
  const width = hidden ? `${hidden}, 1, activation=nn.${MODULES[activation]}` : "(), 1";
  return `model = nnbook.mlp(1, ${width})
nn.utils.vector_to_parameters(start, model.parameters())
${optimizer(settings)}
try:
    history = nnbook.fit(model, train_rows, val_rows, optimizer=optimizer, epochs=${steps})
except nnbook.DivergenceError as error:
    print(error)
    history = error.history
return history.train_loss, [] if history.val_loss is None else history.val_loss`;
}

/** @param {Settings} settings */
function torchTraining(settings) {
  const { hidden, activation, steps } = settings;
  const layers = hidden
    ? `nn.Linear(1, ${hidden}), nn.${MODULES[activation]}(), nn.Linear(${hidden}, 1)`
    : "nn.Linear(1, 1)";
  const { held } = rows(settings);
  const validation = `    with torch.no_grad():
        val_loss.append(loss_function(model(inputs[held_out]), targets[held_out]).item())\n`;
  return `model = nn.Sequential(${layers})
nn.utils.vector_to_parameters(start, model.parameters())
${optimizer(settings)}
loss_function = nn.MSELoss()
train_loss, val_loss = [], []
for _ in range(${steps}):
${held.length ? validation : ""}    loss = loss_function(model(inputs[kept]), targets[kept])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    train_loss.append(loss.item())
return train_loss, val_loss`;
}

/** @param {string} text */
const indent = (text) => text.split("\n").map((line) => (line ? `    ${line}` : line)).join("\n");
