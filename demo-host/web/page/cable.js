// A board at a serial port, by the link's own frames.

import { Host, Step, window_features } from "./device.js";
import { download, element, percent } from "./page.js";
import { FEATURES, flat } from "./recording.js";

const BAUD = 115_200;
/** Milliseconds after which an answer is overdue, and those between two questions of what the board sees. */
const [OVERDUE, EVERY] = [1000, 500];

/** The program of the page's part with a board; `lesson` has the examples and the motion. */
export function cable(lesson) {
  if (!navigator.serial) {
    element("no-serial").hidden = false;
    return;
  }
  element("serial").hidden = false;
  const log = element("cable-log");
  let [host, port, reader, writer, timer] = [];
  /** What is asked goes one after the other. */
  let queue = Promise.resolve();
  /** What was taught of the page's examples, to be taken back. */
  let taught = [];

  function say(text, warns = false) {
    log.textContent = text;
    log.classList.toggle("warn", warns);
  }

  /** Bytes, or nothing where none came in time. */
  async function bytes() {
    reader.waiting ??= reader.read();
    let alarm;
    const overdue = new Promise((resolve) => { alarm = setTimeout(resolve, OVERDUE); });
    const read = await Promise.race([reader.waiting, overdue]);
    clearTimeout(alarm);
    if (read) reader.waiting = undefined;
    if (read?.done) throw new Error("The board was unplugged.");
    return read?.value;
  }

  /** Drives what `asks` begins to its end. */
  async function drive(asks) {
    let step = asks();
    while (step !== Step.Done) {
      if (step === Step.Send) await writer.write(host.outgoing());
      const received = await bytes();
      step = received ? host.receive(received) : host.timed_out();
    }
  }

  /** The same behind what was asked before; what goes wrong is told. */
  function ask(work) {
    queue = queue.then(async () => {
      if (!host) return;
      try {
        await work();
      } catch (error) {
        say(sentence(error), true);
        if (!port?.readable) await close();
      }
    });
    return queue;
  }

  async function open() {
    port = await navigator.serial.requestPort();
    await port.open({ baudRate: BAUD });
    [reader, writer] = [port.readable.getReader(), port.writable.getWriter()];
    host = new Host(crypto.getRandomValues(new Uint32Array(1))[0]);
    await drive(() => host.connect());
    if (host.features() !== FEATURES) throw new Error(`This board takes ${host.features()} numbers, not the ${FEATURES} of the gesture board.`);
    taught = [];
    say(`Connected. It has learned ${labels()}.`);
    shown(true);
    timer = setInterval(look, EVERY);
  }

  async function close() {
    clearInterval(timer);
    await reader?.cancel().catch(() => {});
    reader?.releaseLock();
    writer?.releaseLock();
    await port?.close().catch(() => {});
    host?.free();
    [host, port, reader, writer] = [];
    shown(false);
  }

  function shown(connected) {
    element("connected").hidden = !connected;
    element("connect").hidden = connected;
  }

  /** What the board says of the motion here. */
  let looking = false;
  function look() {
    const features = lesson.features();
    if (looking || features.length === 0) return;
    looking = true;
    ask(async () => {
      await drive(() => host.predict(features));
      const seen = host.seen();
      const sure = percent(seen.probability);
      element("board-says").textContent = seen.probability === 0 ? "–" : seen.between ? "?" : `${lesson.name(seen.gesture)}, ${sure} sure`;
      seen.free();
    }).finally(() => { looking = false; });
  }

  async function summary() {
    await drive(() => host.calibration());
    const found = host.summary();
    element("board-summary").textContent = found
      ? `Before it learned, it was right ${percent(found.accuracy)} of ${found.labels} times, and ${percent(found.confidence)} sure.` : "";
    found?.free();
  }

  const labels = () => (host.labels() === 1 ? "1 label" : `${host.labels()} labels`);
  const press = (id, does) => element(id).addEventListener("click", does);
  press("connect", async () => {
    say("");
    try {
      await open();
      ask(summary);
    } catch (error) {
      // Whoever chooses no port knows that he did.
      if (error?.name !== "NotFoundError") say(sentence(error), true);
      await close();
    }
  });
  press("disconnect", () => ask(async () => { await close(); say("Disconnected."); }));
  press("send", () => ask(async () => {
    const examples = lesson.examples().slice(taught.length);
    if (examples.length === 0) throw new Error("There is no new example: teach one above.");
    for (const { gesture, samples } of examples) {
      const features = window_features(flat(samples));
      await drive(() => host.learn(features, gesture));
      taught.push({ gesture, features });
    }
    await drive(() => host.describe());
    say(`Taught ${examples.length}. It has learned ${labels()}.`);
    await summary();
  }));
  press("send-back", () => ask(async () => {
    const last = taught.at(-1);
    if (!last) throw new Error("No example has been taught from here.");
    await drive(() => host.take_back(last.features, last.gesture));
    taught.pop();
    say("Took it back.");
  }));
  press("board-save", () => ask(async () => {
    await drive(() => host.save());
    say("Saved on the board.");
  }));
  press("board-head", () => ask(async () => {
    await drive(() => host.read_head());
    download("head.bin", "application/octet-stream", host.head());
  }));
}

/** What went wrong, as a sentence. */
function sentence(error) {
  const text = String(error?.message ?? error);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
