// What is to be seen of the board.

import { colour, element, fitted, percent, svg } from "./page.js";

/** The signals, and the six numbers of each. */
const SIGNALS = ["x", "y", "z", "length"];
const FEATURES = ["tilt", "stillness", "knocks", "shaking", "waving", "slow moves"];

/** Says in a big line and a small one what a board sees, which knows so many gestures. */
export function says(big, small, seen, names, gestures) {
  const name = seen && (names[seen.gesture - 1] ?? `gesture ${seen.gesture}`);
  let [text, why] = ["–", gestures === 0 ? "It knows nothing yet." : "It gathers 1.3 seconds of motion …"];
  if (seen?.far) [text, why] = ["?", `Like nothing it was taught. If it had to guess: ${name}.`];
  else if (seen?.between) [text, why] = ["?", `Between two gestures: ${name} is only ${percent(seen.probability)} sure.`];
  else if (seen) [text, why] = [name, `${percent(seen.probability)} sure`];
  // Written only where it changes: a screen reader reads it aloud.
  if (big.textContent !== text) big.textContent = text;
  if (small.textContent !== why) small.textContent = why;
}

/** The samples that a chart shows: three seconds. */
export const SHOWN = 150;

export class View {
  constructor() {
    this.leds = Array.from({ length: 25 }, (_, led) =>
      svg("circle", { cx: 10 + 20 * (led % 5), cy: 10 + 20 * Math.floor(led / 5), r: 6.5 }));
    element("leds").append(...this.leds);
    const cell = (html) => Object.assign(document.createElement("div"), { innerHTML: html });
    const [header, rows] = [["", ...SIGNALS].map((signal) => cell(`<b class="${signal}">${signal}</b>`)), []];
    this.features = [];
    FEATURES.forEach((name, row) => {
      rows.push(cell(name));
      SIGNALS.forEach((signal, column) => {
        const bar = cell('<div class="bar"><i></i></div>');
        bar.className = signal;
        bar.setAttribute("aria-hidden", "true");
        this.features[FEATURES.length * column + row] = bar.querySelector("i");
        rows.push(bar);
      });
    });
    element("features").append(...header, ...rows);
  }

  draw(board, names, recent) {
    const lit = board.leds();
    this.leds.forEach((led, place) => led.classList.toggle("lit", ((lit >> place) & 1) === 1));
    element("a").classList.toggle("pressed", board.label_down());
    element("b").classList.toggle("pressed", board.save_down());
    this.answer(board, names);
    signal(element("signal"), recent);
    const inside = element("features").closest("details");
    if (inside.open) {
      const features = board.features();
      this.features.forEach((bar, place) => {
        const share = Math.max(-1, Math.min(1, (features[place] ?? 0) / 2));
        bar.style.left = `${50 + 50 * Math.min(share, 0)}%`;
        bar.style.width = `${50 * Math.abs(share)}%`;
      });
      this.figures(board);
    }
  }

  answer(board, names) {
    const [seen, distance, meter] = [board.seen(), board.distance(), element("distance")];
    says(element("answer"), element("why"), seen, names, board.gestures());
    seen?.free();
    const share = Math.min(distance ?? 0, 2);
    meter.classList.toggle("far", share > 1);
    meter.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    meter.firstElementChild.style.width = `${50 * share}%`;
  }

  figures(board) {
    const [summary, crc, samples] = [board.summary(), board.head_crc(), board.samples()];
    const labels = samples.reduce((sum, count) => sum + count, 0);
    const lines = [["Labels", labels]];
    if (summary) {
      lines.push(["Right before it learned", `${percent(summary.accuracy)} of ${summary.labels}`], ["How sure it was", percent(summary.confidence)]);
      summary.free();
    }
    lines.push(["Fingerprint of what it knows", crc.toString(16).padStart(8, "0")]);
    const text = lines.flat().join();
    if (this.shownFigures === text) return;
    this.shownFigures = text;
    element("figures").replaceChildren(
      ...lines.flatMap(([term, value]) => [
        Object.assign(document.createElement("dt"), { textContent: term }),
        Object.assign(document.createElement("dd"), { textContent: value }),
      ]),
    );
  }
}

/** The last samples in a canvas; an empty one is a gap. */
export function signal(canvas, recent) {
  const fit = fitted(canvas);
  if (!fit) return;
  const { context, width, height } = fit;
  const y = (g) => height / 2 - (g / 2.2) * (height / 2);
  context.strokeStyle = colour("--line");
  for (const g of [-1, 0, 1]) {
    context.beginPath();
    context.moveTo(0, y(g));
    context.lineTo(width, y(g));
    context.stroke();
  }
  context.lineWidth = 2;
  ["--c1", "--c2", "--c3"].forEach((name, axis) => {
    context.strokeStyle = colour(name);
    context.beginPath();
    let pen = false;
    recent.forEach((g, i) => {
      const x = width - ((recent.length - 1 - i) / SHOWN) * width;
      if (g.length < 3) pen = false;
      else if (pen) context.lineTo(x, y(g[axis]));
      else context.moveTo(x, y(g[axis]));
      pen = g.length === 3;
    });
    context.stroke();
  });
}
