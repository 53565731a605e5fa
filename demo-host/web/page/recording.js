// Recordings: accelerations in g, 50 a second, in stretches that may have a label.

import { window_features } from "./device.js";
import { download, element } from "./page.js";

/** Milliseconds from sample to sample of the board. */
export const PERIOD = 20;
/** The samples of a window: a shorter stretch cannot be learned. */
export const WINDOW = 64;
/** The numbers that a window becomes. */
export const FEATURES = 24;
const LARGEST = 8e6;
const MOST_G = 32;

/** The stretches of a file: `{ label, samples }` each, the label being "" where there is none. Throws an Error with a sentence. */
export function parse(name, text) {
  if (text.length > LARGEST) throw new Error(`${name} is larger than 8 MB.`);
  const stretches = /^\s*[[{]/.test(text) ? fromJson(text) : fromCsv(text);
  if (!stretches.some(({ samples }) => samples.length > 0)) throw new Error(`${name} holds no sample.`);
  return stretches;
}

function fromJson(text) {
  let gestures;
  try {
    gestures = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not valid JSON: ${error.message}`);
  }
  if (!Array.isArray(gestures)) throw new Error("This JSON is not a list of gestures, as micro:bit CreateAI saves it.");
  return gestures.flatMap((gesture) => {
    if (!Array.isArray(gesture?.recordings)) throw new Error("A gesture has no list of recordings.");
    return gesture.recordings.map((recording, index) => {
      const { x, y, z } = recording?.data ?? {};
      const where = `recording ${index + 1} of “${gesture.name}”`;
      if (![x, y, z].every(Array.isArray) || x.length !== y.length || y.length !== z.length) {
        throw new Error(`In ${where}, x, y and z are not lists of equal length.`);
      }
      return { label: String(gesture.name ?? ""), samples: x.map((_, i) => sample([x[i], y[i], z[i]], where)) };
    });
  });
}

function fromCsv(text) {
  const lines = text.split(/\r?\n/);
  const header = cells(lines[0]).map((name) => name.trim().toLowerCase());
  const [time, label] = [header.indexOf("time_ms"), header.indexOf("label")];
  const axes = ["x", "y", "z"].map((axis) => header.indexOf(axis));
  if (axes.includes(-1)) throw new Error("The first line must name the columns x, y and z; time_ms and label may be there as well.");
  const stretches = [];
  let last;
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const row = cells(line);
    const where = `line ${index + 1}`;
    const values = sample(axes.map((axis) => number(row[axis], where)), where);
    const at = time < 0 ? undefined : number(row[time], where);
    const name = label < 0 ? "" : (row[label] ?? "").trim();
    // Time that goes back, or a pause, begins another stretch.
    const goesOn = last && last.label === name && (time < 0 || (at > last.at && at - last.at <= 6 * PERIOD));
    if (!goesOn) stretches.push({ label: name, rows: [] });
    stretches.at(-1).rows.push({ at, values });
    last = { label: name, at };
  }
  return stretches.map(({ label, rows }) => ({ label, samples: time < 0 ? rows.map((row) => row.values) : resampled(rows) }));
}

/** The cells of a line; one in quotes may hold commas. */
function cells(line) {
  return (line.match(/("([^"]|"")*"|[^,"]*)(,|$)/g) ?? []).map((cell) => {
    const inner = cell.replace(/,$/, "").trim();
    return inner.startsWith('"') ? inner.slice(1, -1).replaceAll('""', '"') : inner;
  });
}

function number(cell, where) {
  const value = cell === undefined || cell.trim() === "" ? NaN : Number(cell);
  if (!Number.isFinite(value)) throw new Error(`In ${where}, “${cell ?? ""}” is not a number.`);
  return value;
}

function sample(values, where) {
  for (const value of values) {
    if (!Number.isFinite(value)) throw new Error(`In ${where}, an acceleration is not a number.`);
    if (Math.abs(value) > MOST_G) throw new Error(`In ${where}, an acceleration is ${value} g, but must be within ${MOST_G} g. Is it in m/s²?`);
  }
  return Float32Array.from(values);
}

/** Rows with times as samples of the board's rate, linear between two rows. */
function resampled(rows) {
  const samples = [];
  let next = 0;
  for (let at = rows[0].at; at <= rows.at(-1).at; at += PERIOD) {
    while (rows[next].at < at) next += 1;
    const [before, after] = [rows[Math.max(next - 1, 0)], rows[next]];
    const share = after.at === at ? 1 : (at - before.at) / (after.at - before.at);
    samples.push(after.values.map((value, axis) => (share === 1 ? value : before.values[axis] + share * (value - before.values[axis]))));
  }
  return samples;
}

const quoted = (text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Examples as CSV, which `parse` reads again. */
function csv(examples) {
  // A second between examples, so that each stays a stretch of its own.
  let time = 0;
  const lines = examples.flatMap(({ label, samples }) => {
    const rows = samples.map(([x, y, z], i) => `${time + PERIOD * i},${x},${y},${z},${quoted(label)}`);
    time += PERIOD * samples.length + 1000;
    return rows;
  });
  return ["time_ms,x,y,z,label", ...lines, ""].join("\n");
}

/** Examples as a table of features, as `demo-host adapt --features` takes it. */
function table(examples) {
  const rows = examples.map(({ label, samples }) => [quoted(label), ...window_features(flat(samples))].join(","));
  const header = ["label", ...Array.from({ length: FEATURES }, (_, i) => `f${i}`)].join(",");
  return [header, ...rows, ""].join("\n");
}

/** A window as one array: x, y and z of each sample in turn. */
export const flat = (samples) => Float32Array.from(samples.flatMap((sample) => [...sample]));

/** The samples of such an array. */
export const samplesOf = (array) => Array.from({ length: array.length / 3 }, (_, i) => array.slice(3 * i, 3 * i + 3));

/** Examples as micro:bit CreateAI saves its samples. */
function createAi(examples) {
  const axis = (samples, i) => samples.map((values) => values[i]);
  const names = [...new Set(examples.map(({ label }) => label))];
  return JSON.stringify(
    names.map((name, id) => ({
      ID: id + 1,
      name,
      recordings: examples
        .filter(({ label }) => label === name)
        .map(({ samples }, i) => ({ ID: 1000 * (id + 1) + i, data: { x: axis(samples, 0), y: axis(samples, 1), z: axis(samples, 2) } })),
    })),
  );
}

/** Buttons, by their ids, that let the user save the examples which `examples` gives. */
export function downloads({ csv: asCsv, json, table: asTable }, examples) {
  const press = (id, does) => element(id).addEventListener("click", does);
  press(asCsv, () => download("gestures.csv", "text/csv", csv(examples())));
  press(json, () => download("gestures.json", "application/json", createAi(examples())));
  press(asTable, () => download("features.csv", "text/csv", table(examples())));
}
