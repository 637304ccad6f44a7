// Answers test vectors of weighted cross-entropies: a JSON line in, a JSON line out.
//
//   python -m wce_conformance run --exec "node main.js"
//
// Needs Node.js and nothing else.
"use strict";

const readline = require("node:readline");
const { evaluate, losses } = require("./losses.js");

const SPECIAL = { inf: Infinity, "-inf": -Infinity, nan: NaN };
const read = (value) => (typeof value === "string" ? SPECIAL[value] : value);
const array = ({ shape, data }) => ({ shape, data: data.map(read) });

// JSON has no infinities and no NaN.
const write = (key, value) =>
  typeof value !== "number" || Number.isFinite(value)
    ? value
    : Number.isNaN(value)
      ? "nan"
      : value > 0
        ? "inf"
        : "-inf";

function notOffered({ loss, dtype, arguments: given }) {
  if (!losses.includes(loss)) return `no ${loss}`;
  if (dtype !== "float64") return "float64 only";
  if ((given.form ?? "logits") !== "logits") return "logits only";
  if (given.cost_matrix) return "no cost matrices";
  if (given.class_weight === "balanced") return "no weights of the batch";
  const weighted = given.class_weight !== undefined || given.pos_weight !== undefined;
  if (weighted && (given.soft_weighting ?? "per_class") !== "per_class") return "per_class only";
  return undefined;
}

function answer(vector) {
  const { id, loss, dtype } = vector;
  if (!dtype.includes("float")) return { id, error: "TypeError", message: `${dtype} predictions` };
  const reason = notOffered(vector);
  if (reason) return { id, not_offered: reason };
  const options = Object.fromEntries(
    Object.entries(vector.arguments).map(([name, value]) => [name, value.shape ? array(value) : value]),
  );
  return { id, ...evaluate(loss, array(vector.predictions), array(vector.targets), options) };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)), write)}\n`);
});
