// The lesson: the board, what moves it, and what the user tells it.

import { Board, Kind } from "./device.js";
import { Examples } from "./examples.js";
import { forget, load, store } from "./memory.js";
import { calm, element, percent } from "./page.js";
import { WINDOW, downloads, parse } from "./recording.js";
import { people, phone, player, pointer } from "./sources.js";
import { Known } from "./known.js";
import { SHOWN, View } from "./view.js";

const PERIOD = 20;
/** The milliseconds after which a press has had its effect. */
const PRESSED = 1500;
/** Presses that wait for those before them. */
const MOST_WAITING = 3;
/** Samples that are made up for at most, when the page stood still. */
const MOST_DUE = 50;

/** The program of the page's first part. */
export function lesson() {
  const sources = { pointer: pointer(), phone: phone(), people: people(), recording: player() };
  const [log, view] = [element("log"), new View()];
  let [board, names, source] = [undefined, [], sources.pointer];
  let [recent, changes, last, drawn] = [[], 0, performance.now(), 0];
  /** The windows that were learned in this visit, with the gesture's index; and those that are about to be. */
  const examples = new Examples();
  let [pending, loaded, wanted] = [undefined, [], undefined];
  let [keeps, remembered] = [true, ""];
  const waiting = [];
  /** Until when a press by a finger has its effect. */
  let fingers = 0;

  function say(text, warns = false) {
    log.textContent = text;
    log.classList.toggle("warn", warns);
  }

  /** The battery is put in. */
  function power(flash, savedNames) {
    board?.free();
    try {
      board = new Board(flash);
    } catch (error) {
      board = new Board(new Uint8Array());
      say(`What this browser kept is damaged: ${error}.`, true);
    }
    names = savedNames.slice(0, board.gestures());
    while (names.length < board.gestures()) names.push(`gesture ${names.length + 1}`);
    [changes, waiting.length] = [0, 0];
    hear();
  }

  /** Takes a sample in, and what the app then tells. */
  function feed(g) {
    board.reading(g);
    recent.push(g);
    if (recent.length > SHOWN) recent = recent.slice(-SHOWN);
    hear();
    if (waiting.length > 0 && !board.busy()) waiting.shift()();
  }

  // Of the gestures that there are: what the app counts has those of removed ones as well.
  const examplesKnown = () => board.samples().reduce((sum, count) => sum + count, 0);

  /** How the answers went before each label. */
  function score() {
    const summary = board.summary();
    if (!summary) return "";
    const text = `So far it would have been right ${Math.round(summary.accuracy * summary.labels)} times of ${summary.labels}, before it learned the label.`;
    summary.free();
    return text;
  }

  function hear() {
    for (const told of board.told()) {
      tell(told);
      told.free();
    }
    if (board.flash_changes() !== changes) {
      changes = board.flash_changes();
      keeps = store(board.flash(), names);
    }
  }

  function tell({ kind, gesture, number, before, probability, text }) {
    const name = (of) => names[of - 1] ?? `gesture ${of}`;
    if ([Kind.Learned, Kind.TookBack, Kind.Removed].includes(kind)) remembered = "Not saved yet: without its battery it would forget the last change.";
    switch (kind) {
      case Kind.StartedNew:
        remembered = "Nothing is saved.";
        if (!log.classList.contains("warn")) say("A new board. It knows nothing.");
        break;
      case Kind.StartedFromSaved:
        remembered = "All that it knows is saved.";
        say(`The power is back. It remembers ${gesture} gestures from ${examplesKnown()} examples.`);
        break;
      case Kind.Learned: {
        if (names.length < gesture) names.push(wanted ?? `gesture ${gesture}`);
        if (pending) examples.add({ index: gesture - 1, samples: pending });
        pending = undefined;
        const guess = before === 0 ? "" : before === gesture
          ? ` It would have said the same (${percent(probability)}).`
          : ` It would have said “${name(before)}” (${percent(probability)}).`;
        say(`Learned “${name(gesture)}”: ${number} ${number === 1 ? "example" : "examples"}.${guess}`);
        break;
      }
      case Kind.TookBack: {
        examples.takeBack(({ index }) => index === gesture - 1);
        say(`Took back the last label, “${name(gesture)}”. It is as if it had never been.`);
        names.length = board.gestures();
        break;
      }
      case Kind.Removed:
        say(`Removed “${name(gesture)}”.`);
        names.splice(gesture - 1, 1);
        examples.remove(gesture - 1);
        break;
      case Kind.Forgot:
        say("The taps were forgotten: there were too many, or B was pressed.", true);
        break;
      case Kind.Saved:
        remembered = "All that it knows is saved.";
        say(`Saved: ${board.gestures()} gestures from ${examplesKnown()} examples. Now pull the battery.`);
        break;
      case Kind.SensorBack:
        say("The sensor is back.");
        break;
      case Kind.Consented:
        say("Both buttons were held: for a minute a computer may replace what the board knows.");
        break;
      case Kind.Fault:
        say(text, true);
        break;
    }
  }

  /** Presses the board's buttons, when what was asked for before is over. */
  function soon(press) {
    if (!board.busy()) press();
    else if (waiting.length < MOST_WAITING) waiting.push(press);
  }

  /** Taps for a gesture, from 1 on; a new one gets this name. */
  function teach(gesture, name) {
    wanted = name;
    pending = recent.length >= WINDOW ? recent.slice(-WINDOW) : undefined;
    board.teach(gesture);
  }

  const known = new Known(element("known"), element("nothing"), {
    teach: (gesture) => soon(() => teach(gesture)),
    remove: (gesture) => soon(() => {
      say(`Holding A for two seconds, to remove “${names[gesture - 1]}” …`);
      board.remove(gesture);
    }),
    rename: (gesture, name) => { names[gesture - 1] = name; },
  });

  const press = (id, does) => element(id).addEventListener("click", does);
  press("new", () => soon(() => teach(board.gestures() + 1, names.includes(source.suggestion()) ? undefined : source.suggestion())));
  press("undo", () => soon(() => board.take_back()));
  press("save", () => soon(() => board.save()));
  press("battery", () => {
    const { flash, names: saved } = load();
    recent = [];
    power(flash, saved);
  });
  let sure = 0;
  press("erase", ({ target }) => {
    if (performance.now() - sure > 4000) {
      sure = performance.now();
      target.textContent = "Really forget all?";
      setTimeout(() => { target.textContent = "Start anew"; }, 4000);
      return;
    }
    [sure, target.textContent] = [0, "Start anew"];
    forget();
    recent = [];
    examples.clear();
    log.classList.remove("warn");
    power(new Uint8Array(), []);
  });
  downloads({ csv: "csv", json: "json", table: "table" }, () => examples.labelled(names));
  const held = (down) => { fingers = down ? Infinity : performance.now() + PRESSED; };
  finger(element("a"), (down) => { board.hold_label(down); held(down); });
  finger(element("b"), (down) => { board.hold_save(down); held(down); });

  for (const radio of document.getElementsByName("source")) {
    radio.addEventListener("change", () => {
      source = sources[radio.value];
      for (const part of document.querySelectorAll("[data-source]")) part.hidden = part.dataset.source !== radio.value;
    });
  }

  element("file").addEventListener("change", async ({ target }) => {
    const [file, state] = [target.files[0], element("file-state")];
    if (!file) return;
    state.classList.remove("warn");
    try {
      loaded = parse(file.name, await file.text());
      const count = loaded.reduce((sum, { samples }) => sum + samples.length, 0);
      const labels = new Set(loaded.map(({ label }) => label).filter(Boolean));
      state.textContent = `${(count / 50).toFixed(1)} seconds, ${labels.size === 0 ? "no labels" : `labels: ${[...labels].join(", ")}`}.`;
    } catch (error) {
      loaded = [];
      state.textContent = error.message;
      state.classList.add("warn");
    }
    element("play").disabled = loaded.length === 0;
    element("teach-all").disabled = !loaded.some(({ label, samples }) => label && samples.length >= WINDOW);
  });
  press("play", () => sources.recording.play(loaded));
  press("teach-all", () => {
    let [taught, short, full] = [0, 0, 0];
    for (const { label, samples } of loaded) {
      const place = names.indexOf(label);
      if (!label || samples.length < WINDOW) short += label ? 1 : 0;
      else if (place < 0 && board.gestures() === Board.room()) full += 1;
      else {
        samples.forEach(feed);
        teach(place < 0 ? board.gestures() + 1 : place + 1, label);
        while (board.busy()) feed(samples.at(-1));
        taught += 1;
      }
    }
    const rest = [short && `${short} are shorter than 1.28 seconds`, full && `for ${full} there is no room`].filter(Boolean);
    say(`Taught ${taught} labelled parts${rest.length ? `; ${rest.join(", ")}` : ""}.`, rest.length > 0);
  });

  function frame(now) {
    const due = Math.min(Math.floor((now - last) / PERIOD), MOST_DUE);
    if (due > 0) {
      last = due === MOST_DUE ? now : last + due * PERIOD;
      source.samples(due, board.busy() || now < fingers).forEach(feed);
    }
    if (now - drawn > (calm() ? 300 : 30)) {
      drawn = now;
      view.draw(board, names, recent);
      known.draw(board, names);
      const room = board.gestures() < Board.room();
      element("new").disabled = !room;
      element("new").textContent = room ? "Teach a new gesture" : "No room for a ninth gesture";
      for (const id of ["csv", "json", "table"]) element(id).disabled = examples.all.length === 0;
      const [state, soFar] = [keeps ? remembered : "This browser keeps nothing for this page: the memory lasts until you close it.", score()];
      if (element("remembered").textContent !== state) element("remembered").textContent = state;
      if (element("so-far").textContent !== soFar) element("so-far").textContent = soFar;
    }
    requestAnimationFrame(frame);
  }

  const { flash, names: saved } = load();
  power(flash, saved);
  requestAnimationFrame(frame);
  return {
    /** What was taught in this visit: the gesture's number, and the window. */
    examples: () => examples.all.map(({ index, samples }) => ({ gesture: index + 1, samples })),
    /** The features of the window as it is now; empty while it is not full. */
    features: () => board.features(),
    name: (gesture) => names[gesture - 1] ?? `gesture ${gesture}`,
  };
}

/** A button that is held as long as a finger or a key is on it. */
function finger(button, hold) {
  let up = -Infinity;
  const set = (down) => {
    button.classList.toggle("down", down);
    hold(down);
    if (!down) up = performance.now();
  };
  button.addEventListener("pointerdown", (event) => { button.setPointerCapture(event.pointerId); set(true); });
  for (const name of ["pointerup", "pointercancel", "blur"]) button.addEventListener(name, () => { if (button.classList.contains("down")) set(false); });
  const key = ({ key }) => key === " " || key === "Enter";
  button.addEventListener("keydown", (event) => { if (key(event) && !event.repeat) set(true); });
  button.addEventListener("keyup", (event) => { if (key(event)) set(false); });
  // A click that came by neither, as a screen reader makes it, is a tap.
  button.addEventListener("click", () => { if (performance.now() - up > 300) { set(true); setTimeout(() => set(false), 100); } });
}
