// Two learners on a plane, taught by the same clicks.

import { Plane } from "./device.js";
import { colour, element, fitted, percent, radios, svg } from "./page.js";

const SIDE = 40;
const CLASSES = ["circle", "square", "triangle"];
const COLOURS = ["--c1", "--c2", "--c3"];
/** The middles of what `scatter` adds, and how it lies: two clouds that are long, one that is round. */
const CLOUDS = [[-0.35, 0.15, 0.16, 0.34, 0.12], [0.35, -0.1, 0.16, 0.34, 0.12], [0, 0.7, 0.3, 0.1, 0]];
const STEP = 0.05;

/** The program of the page's third part; `setting` has beta. */
export function plane(setting) {
  let [points, seen, chosen, cross] = [[], 0, 0, { x: 0, y: 0 }];
  const [labels, rate] = [element("labels"), element("rate")];
  const learners = [["lda", "discriminant"], ["sgd", "linear"]].map(([id, name]) => ({ id, name, canvas: element(id) }));
  radios(element("classes"), "class", CLASSES.map((name, i) => `${"●■▲"[i]} ${name}`), (index) => { chosen = index; });

  function learn() {
    const learned = new Plane(CLASSES.length, setting.beta, 10 ** rate.valueAsNumber);
    for (const { x, y, of } of points.slice(0, seen)) learned.learn(x, y, of);
    for (const { id, name, canvas } of learners) {
      draw(canvas, learned[`${name}_map`](SIDE));
      const reliability = learned[`${name}_reliability`]();
      element(`${id}-score`).textContent = reliability.length === 0
        ? "No answers yet: it must know two things to tell them apart."
        : `Before each label it was right ${percent(reliability[1])} of ${reliability[0]} times, and ${percent(reliability[2])} sure.`;
      bars(element(`${id}-bars`), reliability);
    }
    learned.free();
    [labels.max, labels.value] = [points.length, seen];
    element("labels-value").textContent = `${seen} of ${points.length}`;
    element("rate-value").textContent = (10 ** rate.valueAsNumber).toPrecision(2);
    element("plane-undo").disabled = element("plane-clear").disabled = points.length === 0;
  }

  function draw(canvas, map) {
    const fit = fitted(canvas);
    if (!fit) return;
    const { context, width, height } = fit;
    const colours = COLOURS.map(colour);
    const small = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    const pixels = small.getContext("2d");
    for (let i = 0; i < map.length / 2; i += 1) {
      pixels.fillStyle = colours[map[2 * i]];
      // A third is what chance gives.
      pixels.globalAlpha = 0.08 + 0.5 * Math.max(0, (map[2 * i + 1] - 1 / 3) * 1.5);
      pixels.fillRect(i % SIDE, Math.floor(i / SIDE), 1, 1);
    }
    context.drawImage(small, 0, 0, width, height);
    const at = ({ x, y }) => [((x + 1) / 2) * width, ((1 - y) / 2) * height];
    for (const point of points.slice(0, seen)) mark(context, ...at(point), point.of, colours[point.of]);
    if (document.activeElement === canvas) {
      const [x, y] = at(cross);
      context.strokeStyle = colour("--ink");
      context.lineWidth = 2;
      context.strokeRect(x - 8, y - 8, 16, 16);
    }
  }

  function mark(context, x, y, of, fill) {
    context.beginPath();
    if (of === 0) context.arc(x, y, 6, 0, 7);
    else if (of === 1) context.rect(x - 5.5, y - 5.5, 11, 11);
    else { context.moveTo(x, y - 7); context.lineTo(x + 7, y + 6); context.lineTo(x - 7, y + 6); context.closePath(); }
    context.fillStyle = fill;
    context.strokeStyle = colour("--card");
    context.lineWidth = 2;
    context.fill();
    context.stroke();
  }

  function add(...more) {
    points = [...points.slice(0, seen), ...more];
    seen = points.length;
    learn();
  }

  for (const { canvas } of learners) {
    canvas.addEventListener("click", ({ offsetX, offsetY }) => {
      cross = { x: (2 * offsetX) / canvas.clientWidth - 1, y: 1 - (2 * offsetY) / canvas.clientHeight };
      add({ ...cross, of: chosen });
    });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
      const limit = (v) => Math.max(-1, Math.min(1, v));
      if (event.key in moves) {
        const [dx, dy] = moves[event.key];
        cross = { x: limit(cross.x + dx), y: limit(cross.y + dy) };
        learn();
      } else if (event.key === "Enter" || event.key === " ") add({ ...cross, of: chosen });
      else return;
      event.preventDefault();
    });
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, learn);
  }
  element("scatter").addEventListener("click", () => {
    const more = [];
    for (let i = 0; i < 10; i += 1) {
      CLOUDS.forEach(([x, y, sx, sy, tilt], of) => {
        const [a, b] = [normal(), normal()];
        more.push({ x: x + sx * a + tilt * b, y: y + sy * b, of });
      });
    }
    add(...more);
  });
  element("plane-undo").addEventListener("click", () => { points.pop(); seen = points.length; learn(); });
  element("plane-clear").addEventListener("click", () => { [points, seen] = [[], 0]; learn(); });
  labels.addEventListener("input", () => { seen = labels.valueAsNumber; learn(); });
  rate.addEventListener("input", learn);
  setting.changed = learn;
  addEventListener("resize", learn);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", learn);
  learn();
}

/** About normal: the sum of twelve uniform numbers has the variance 1. */
function normal() {
  let sum = -6;
  for (let i = 0; i < 12; i += 1) sum += Math.random();
  return sum;
}

/** A reliability diagram: five bins of the confidence, as high as their accuracy. */
function bars(place, reliability) {
  const [side, left, top] = [126, 26, 6];
  const parts = [
    svg("rect", { class: "axis", x: left, y: top, width: side, height: side }),
    svg("text", { x: left, y: top + side + 18 }, "sure: 0"), svg("text", { x: left + side - 12, y: top + side + 18 }, "1"),
    svg("text", { x: 0, y: 0, transform: `translate(14 ${top + 80}) rotate(-90)` }, "right"),
  ];
  for (let bin = 0; 3 + 3 * bin < reliability.length; bin += 1) {
    const [count, accuracy] = reliability.slice(3 + 3 * bin);
    if (count > 0) parts.push(svg("rect", { class: "fill", x: left + (bin * side) / 5 + 1, y: top + side * (1 - accuracy), width: side / 5 - 2, height: side * accuracy }));
  }
  parts.push(svg("line", { class: "faint", x1: left, y1: top + side, x2: left + side, y2: top }));
  place.replaceChildren(...parts);
}
