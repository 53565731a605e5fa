// Beta, and what it makes of the gradient.

import { gradient_magnitude, mean_gradient } from "./device.js";
import { element, percent, svg } from "./page.js";

const [LEFT, TOP, WIDTH, HEIGHT] = [44, 12, 264, 172];

/** Beta as it is set; `changed` is called when it is set anew. */
export function loss() {
  const slider = element("beta");
  const setting = { beta: 1, changed: () => {} };
  const place = (p, g) => `${(LEFT + WIDTH * p).toFixed(1)},${(TOP + HEIGHT * (1 - g)).toFixed(1)}`;
  const points = (beta) => Array.from({ length: 101 }, (_, i) => place(i / 100, gradient_magnitude(beta, i / 100))).join(" ");
  const curve = svg("polyline", { class: "curve" });
  const [bottom, right] = [TOP + HEIGHT, LEFT + WIDTH];
  const words = [
    [LEFT, bottom + 18, "0 %"], [right - 34, bottom + 18, "100 %"], [LEFT + 52, bottom + 36, "how sure of the label"],
    [LEFT - 18, bottom, "0"], [LEFT - 18, TOP + 10, "1"],
  ];
  element("curve").append(
    svg("rect", { class: "axis", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT }),
    svg("polyline", { class: "faint", points: points(1) }),
    curve,
    ...words.map(([x, y, text]) => svg("text", { x, y }, text)),
    svg("text", { x: 0, y: 0, transform: `translate(14 ${TOP + 120}) rotate(-90)` }, "pull on it"),
  );
  function show() {
    const beta = 10 ** slider.valueAsNumber;
    setting.beta = beta;
    element("beta-value").textContent = beta >= 10 ? beta.toFixed(0) : beta.toPrecision(2);
    slider.setAttribute("aria-valuetext", `beta ${beta.toPrecision(2)}`);
    curve.setAttribute("points", points(beta));
    element("beta-words").textContent = `When it is 90 % sure of an example already, that still pulls with ${percent(gradient_magnitude(beta, 0.9))} of its full strength. ` +
      `Over all, a pull has ${percent(mean_gradient(beta))}.` + (Math.abs(slider.valueAsNumber) < 0.01 ? " This is the usual loss, cross-entropy." : "");
  }
  slider.addEventListener("input", () => { show(); setting.changed(); });
  show();
  return setting;
}
