// Test vectors of weighted cross-entropies: calls, and what must come of them.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** Where the JSON files, their schema, checksums and the ledger of ids are. */
const folder = path.join(__dirname, "vectors");

/** Names of the files of vectors. */
const files = () =>
  fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".json") && name !== "schema.json")
    .sort();

/** The vectors of a file, or of all files, as they are stored. */
const load = (name) =>
  (name === undefined ? files() : [name]).flatMap(
    (file) => JSON.parse(fs.readFileSync(path.join(folder, file), "utf8")).vectors,
  );

const SPECIAL = { inf: Infinity, "-inf": -Infinity, nan: NaN };

/** The numbers of a stored array, repetitions written out. */
const numbers = ({ data, times = 1 }) => {
  const once = data.map((value) => (typeof value === "string" ? SPECIAL[value] : value));
  return Array.from({ length: times }, () => once).flat();
};

module.exports = { folder, files, load, numbers };
