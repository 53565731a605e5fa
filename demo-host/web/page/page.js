// Small things that every part of the page needs.

/** The element of this id. */
export const element = (id) => document.getElementById(id);

/** Whether the user asked for little motion. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A share as a whole percentage. */
export const percent = (share) => `${Math.round(100 * share)} %`;

/** An element of SVG, with attributes. */
export function svg(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A colour of the style sheet, as it is in light or dark. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The context of a canvas, as large as it is shown: units are CSS pixels. `null` while it is not shown. */
export function fitted(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) return null;
  const scale = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Lets the user save a text as a file. */
export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Radio buttons in a place; `chosen` is told the index of each that is chosen. */
export function radios(place, name, labels, chosen) {
  place.replaceChildren(
    ...labels.map((text, index) => {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "radio", name, value: index, checked: index === 0 });
      const span = Object.assign(document.createElement("span"), { textContent: text });
      input.addEventListener("change", () => chosen(index));
      label.append(input, span);
      return label;
    }),
  );
}
