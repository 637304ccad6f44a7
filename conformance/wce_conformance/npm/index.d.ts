/** An array as it is stored: row-major, `data` repeated `times` times. */
export interface StoredArray {
  dtype: string;
  shape: number[];
  data: (number | boolean | "inf" | "-inf" | "nan")[];
  times?: number;
}

/** One call, and what must come of it: `expected`, or the `error` that refuses it. */
export interface Vector {
  id: string;
  loss: string;
  dtype: string;
  predictions: StoredArray;
  targets: StoredArray;
  arguments: Record<string, unknown>;
  comment: string;
  flags: string[];
  expected?: Record<string, unknown>;
  error?: "ValueError" | "TypeError";
  of_values?: boolean;
}

export const folder: string;
export function files(): string[];
export function load(name?: string): Vector[];
export function numbers(array: Pick<StoredArray, "data" | "times">): (number | boolean)[];
