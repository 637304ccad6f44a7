// Two weighted cross-entropies in plain JavaScript numbers (float64), of logits only.
"use strict";

// A weight or mass of 0 silences an infinite loss; NaN is never silenced.
const times = (a, b) =>
  (a === 0 && !Number.isNaN(b)) || (b === 0 && !Number.isNaN(a)) ? 0 : a * b;

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// Which value of `array` (weights or mask) stands at an item: its axes are the leading ones of
// the items, or all of them with some of length 1. Never aligned from the right.
function placed(array, itemShape, index) {
  let offset = 0;
  array.shape.forEach((length, axis) => {
    offset = offset * length + (length === 1 ? 0 : index[axis]);
  });
  return array.data[offset];
}

function indices(shape) {
  return Array.from({ length: product(shape) }, (_, flat) => {
    const index = [];
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index.unshift(flat % shape[axis]);
      flat = Math.floor(flat / shape[axis]);
    }
    return index;
  });
}

// −log p and the gradient of one row of logits for class amounts d: Σ_k d_k·(−log p_k), and
// p_j·Σ_{k≠j} d_k − d_j·(1 − p_j), where 1 − p_j is a sum of its own, so nothing cancels.
function softmaxItem(logits, amounts) {
  const top = Math.max(...logits);
  const at = logits.indexOf(top);
  const powers = logits.map((x) => Math.exp(x - top));
  const total = sum(powers);
  const rest = sum(powers.filter((_, k) => k !== at));
  const surprise = logits.map((x) => top - x + Math.log1p(rest));
  const others = (numbers, j) => sum(numbers.filter((_, k) => k !== j));
  return {
    loss: sum(amounts.map((d, k) => times(d, surprise[k]))),
    gradient: logits.map(
      (_, j) => (powers[j] / total) * others(amounts, j) - (amounts[j] * others(powers, j)) / total,
    ),
  };
}

// One logit: a·softplus(−z) + b·softplus(z), and b·σ(z) − a·σ(−z).
function sigmoidItem(z, a, b) {
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const sigmoid = (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
  return {
    loss: times(a, softplus(-z)) + times(b, softplus(z)),
    gradient: [b * sigmoid(z) - a * sigmoid(-z)],
  };
}

function smoothed(mass, epsilon, kind) {
  const total = sum(mass);
  const own = mass.map((q) => (1 - epsilon) * q);
  if (kind === "others") {
    return own.map((q, k) => q + (epsilon * (total - mass[k])) / (mass.length - 1));
  }
  return own.map((q) => q + (epsilon * total) / mass.length);
}

function byClass(weights, count) {
  if (weights === undefined) return Array(count).fill(1);
  return weights.data ?? Array.from({ length: count }, (_, k) => weights[k]);
}

function excluded(options, target, itemShape, index) {
  if (options.mask && !placed(options.mask, itemShape, index)) return true;
  return options.ignore_index !== undefined && target === options.ignore_index;
}

const sampleWeight = (options, itemShape, index) =>
  options.sample_weight ? placed(options.sample_weight, itemShape, index) : 1;

// An item that has a NaN loss has a NaN gradient; everything is scaled by its sample weight.
function scaled({ loss, gradient }, s, omega) {
  if (Number.isNaN(loss)) return { loss, omega: s * omega, gradient: gradient.map(() => NaN) };
  return { loss: times(s, loss), omega: s * omega, gradient: gradient.map((g) => times(s, g)) };
}

function crossEntropy(predictions, targets, options) {
  const { shape } = predictions;
  const axis = ((options.axis ?? -1) + shape.length) % shape.length;
  const classes = shape[axis];
  const itemShape = shape.filter((_, k) => k !== axis);
  const stride = product(shape.slice(axis + 1));
  const dense = targets.shape.length === shape.length;
  const weights = byClass(options.class_weight, classes);
  const items = indices(itemShape).map((index, number) => {
    const start = Math.floor(number / stride) * stride * classes + (number % stride);
    const places = Array.from({ length: classes }, (_, k) => start + k * stride);
    const label = dense ? undefined : targets.data[number];
    if (excluded(options, label, itemShape, index)) return { excluded: true, places };
    const mass = places.map((at, k) => (dense ? targets.data[at] : Number(k === label)));
    const q = smoothed(mass, options.label_smoothing ?? 0, options.smoothing);
    const amounts = q.map((amount, k) => weights[k] * amount);
    const item = softmaxItem(places.map((at) => predictions.data[at]), amounts);
    return { places, ...scaled(item, sampleWeight(options, itemShape, index), sum(amounts)) };
  });
  return { items, itemShape, size: predictions.data.length };
}

function labelWeights(options, labels, label) {
  const given = options.class_weight;
  const perLabel = given?.shape?.length === 2;
  const [w0, w1] = perLabel ? given.data.slice(2 * label, 2 * label + 2) : byClass(given, 2);
  const pos = options.pos_weight ?? 1;
  return [w0, w1 * (typeof pos === "number" ? pos : pos.data[pos.data.length === 1 ? 0 : label])];
}

function binaryCrossEntropy(predictions, targets, options) {
  const { shape } = predictions;
  const axis = ((options.axis ?? -1) + shape.length) % shape.length;
  const items = indices(shape).map((index, at) => {
    const target = Number(targets.data[at]);
    if (excluded(options, target, shape, index)) return { excluded: true, places: [at] };
    const epsilon = options.label_smoothing ?? 0;
    const y = (1 - epsilon) * target + epsilon / 2;
    const rest = (1 - epsilon) * (1 - target) + epsilon / 2;
    const [w0, w1] = labelWeights(options, shape[axis], index[axis]);
    const item = sigmoidItem(predictions.data[at], w1 * y, w0 * rest);
    const omega = w1 * y + w0 * rest;
    return { places: [at], ...scaled(item, sampleWeight(options, shape, index), omega) };
  });
  return { items, itemShape: shape, size: predictions.data.length };
}

// From items to the value and its gradient.
function reduced({ items, itemShape, size }, options) {
  const reduction = options.reduction ?? "mean";
  const counted = items.filter((item) => !item.excluded);
  const parts = {
    total: sum(counted.map((item) => item.loss)),
    items: counted.length,
    all_items: items.length,
    weight: sum(counted.map((item) => item.omega)),
    nonzero: counted.filter((item) => item.omega !== 0).length,
    batch: itemShape.length ? itemShape[0] : 1,
    absolute_weight: sum(counted.map((item) => Math.abs(item.omega))),
  };
  const under = {
    none: 1,
    parts: 1,
    sum: options.normalizer ?? 1,
    mean: parts.items,
    mean_over_all: parts.all_items,
    weighted_mean: parts.weight,
    absolute_weighted_mean: parts.absolute_weight,
    nonzero_mean: parts.nonzero,
    batch_mean: parts.batch,
  }[reduction];
  const gradient = Array(size).fill(0);
  if (under !== 0) {
    counted.forEach((item) => item.places.forEach((at, k) => (gradient[at] = item.gradient[k] / under)));
  }
  const empty = options.empty === "nan" ? NaN : 0;
  const values = { none: items.map((item) => (item.excluded ? 0 : item.loss)), parts };
  return { value: values[reduction] ?? (under === 0 ? empty : parts.total / under), gradient };
}

const LOSSES = { cross_entropy: crossEntropy, binary_cross_entropy: binaryCrossEntropy };

const evaluate = (loss, predictions, targets, options) =>
  reduced(LOSSES[loss](predictions, targets, options), options);

// Near the largest number a sum of weights overflows where the mean does not: they are made smaller.
const HUGE = 2 ** 960;
const LESS = 2 ** -64;

function mean(loss, predictions, targets, options) {
  const own = { ...options };
  let back = 1;
  for (const name of ["class_weight", "sample_weight"]) {
    const { data } = options[name] ?? {};
    if (data && Math.max(...data) > HUGE) {
      own[name] = { ...options[name], data: data.map((weight) => weight * LESS) };
      back /= /weighted_mean/.test(options.reduction) ? 1 : LESS;
    }
  }
  const { value, gradient } = evaluate(loss, predictions, targets, own);
  return { value: value * back, gradient: gradient.map((slope) => slope * back) };
}

module.exports = {
  losses: Object.keys(LOSSES),
  evaluate: (loss, predictions, targets, options) =>
    (/mean/.test(options.reduction ?? "mean") ? mean : evaluate)(loss, predictions, targets, options),
};
