// Where motion comes from. A source gives the samples of so many fiftieths of a second, in which the board's buttons are pressed or not:
// arrays of x, y and z in g, empty where one is missing.

import { Person, Phone, Pointer } from "./device.js";
import { element, radios } from "./page.js";

const STILL = Float32Array.of(0, 0, 1);

/** The mouse or a finger on the pad. */
export function pointer() {
  const [pad, dot, board] = [element("pad"), element("dot"), new Pointer()];
  pad.addEventListener("pointermove", (event) => {
    for (const { clientX, clientY } of event.getCoalescedEvents?.() ?? [event]) board.moved(clientX, clientY);
    const { left, top } = pad.getBoundingClientRect();
    dot.style.left = `${event.clientX - left}px`;
    dot.style.top = `${event.clientY - top}px`;
  });
  let inside = false;
  for (const name of ["pointerenter", "pointerdown", "pointermove"]) pad.addEventListener(name, () => { inside = true; });
  for (const name of ["pointerleave", "pointercancel"]) pad.addEventListener(name, () => { inside = false; board.left(); });
  return {
    // Outside of the pad, time stands still, but for presses that are under way: the way to a button is no gesture.
    samples: (due, pressed) => (inside || pressed ? Array.from({ length: due }, () => board.sample()) : []),
    suggestion: () => undefined,
  };
}

/** Somebody who is simulated. */
export function people() {
  const [names, gestures] = [Person.names(), Person.gestures()];
  const all = names.map((_, index) => new Person(index));
  let [person, gesture] = [all[0], 0];
  const begin = () => person.begin(gesture + 1);
  radios(element("people"), "person", names, (index) => { person = all[index]; begin(); });
  radios(element("gestures-made"), "made", gestures, (index) => { gesture = index; begin(); });
  begin();
  return {
    samples: (due) => Array.from({ length: due }, () => person.sample()),
    suggestion: () => gestures[gesture],
    // The same gesture is never made twice alike.
    again: begin,
  };
}

/** The phone's accelerometer. */
export function phone() {
  const state = element("phone-state");
  // All browsers of iOS are made by Apple's engine; its axes point the other way.
  const inverted = navigator.vendor.startsWith("Apple");
  let [board, silent] = [undefined, 0];
  element("phone-start").addEventListener("click", async () => {
    if (!globalThis.isSecureContext) {
      state.textContent = "A browser gives a page the sensor only over HTTPS: publish the page, or open it on the phone itself.";
      return;
    }
    if (!globalThis.DeviceMotionEvent) {
      state.textContent = "This browser does not let pages read the motion sensor.";
      return;
    }
    // Some systems want to be asked, which must be by a tap.
    const asked = (await DeviceMotionEvent.requestPermission?.().catch(() => "denied")) ?? "granted";
    if (asked !== "granted") {
      state.textContent = "The phone did not allow it. To be asked again, close this page and open it again.";
      return;
    }
    board = new Phone(inverted);
    silent = 0;
    state.textContent = "Waiting for the sensor …";
  });
  addEventListener("devicemotion", ({ timeStamp, accelerationIncludingGravity: g }) => {
    if (board?.event(timeStamp, g?.x ?? undefined, g?.y ?? undefined, g?.z ?? undefined)) {
      silent = 0;
      state.textContent = "It feels the motion.";
    }
  });
  return {
    samples(due) {
      if (!board) return Array(due).fill(STILL);
      const samples = [];
      for (let sample = board.sample(); sample !== undefined; sample = board.sample()) samples.push(sample);
      silent += due;
      if (silent <= 50) return samples;
      state.textContent = "This device has sent no motion for a second. Does it have a sensor?";
      return Array(due).fill(new Float32Array());
    },
    suggestion: () => undefined,
  };
}

/** A recording that was loaded, played once. */
export function player() {
  let [samples, at] = [[], 0];
  return {
    play(stretches) { [samples, at] = [stretches.flatMap((stretch) => stretch.samples), 0]; },
    samples(due) {
      const played = samples.slice(at, at + due);
      at += played.length;
      // It stays as it ended.
      return played.concat(Array(due - played.length).fill(samples.at(-1) ?? STILL));
    },
    suggestion: () => undefined,
  };
}
