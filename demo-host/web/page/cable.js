// A board at a serial port: what it sees, and what it is told.

import { ChangeKind, window_features } from "./device.js";
import { Examples } from "./examples.js";
import { Known } from "./known.js";
import { loadNames, storeNames } from "./memory.js";
import { download, element, percent } from "./page.js";
import { downloads, flat, samplesOf } from "./recording.js";
import { SHOWN, says, signal } from "./view.js";
import { Wire } from "./wire.js";

/** Milliseconds between two looks. */
const EVERY = 200;
/** The gestures that a board has room for. */
const ROOM = 8;
const random = () => crypto.getRandomValues(new Uint32Array(1))[0];

/** The program of the page's part with a board; `lesson` has the examples of the page. */
export function cable(lesson) {
  if (!navigator.serial) {
    element("no-serial").hidden = false;
    return;
  }
  element("serial").hidden = false;
  const [log, names, examples] = [element("cable-log"), loadNames(), new Examples()];
  let [wire, timer, recent, changes, count] = [undefined, undefined, [], 0, 0];
  /** What is asked goes one after the other. */
  let queue = Promise.resolve();
  /** The request that its user has not consented to yet. */
  let allowed;

  function say(text, warns = false) {
    log.textContent = text;
    log.classList.toggle("warn", warns);
  }

  /** Does this behind what was asked before; what goes wrong is told. */
  function ask(work) {
    queue = queue.then(async () => {
      if (!wire) return;
      try {
        await work(wire.host);
      } catch (error) {
        say(sentence(error), true);
        if (wire?.isLost || wire?.host.lost()) await close();
      }
    });
    return queue;
  }

  const drive = (asks) => wire.drive(asks);

  /** The same, now or as soon as the board's user has consented. */
  async function withConsent(does, work) {
    await look();
    if (wire.host.consent() > 0) {
      allowed = undefined;
      await work(wire.host);
    } else {
      allowed = work;
      say(`${does}? Hold both of the board’s buttons for two seconds: then it goes on.`);
    }
  }

  const name = (gesture) => names[gesture - 1] ?? `gesture ${gesture}`;

  function rename(gesture, to) {
    names[gesture - 1] = to;
    storeNames(names);
  }

  function removed(gesture) {
    examples.remove(gesture - 1);
    names.splice(gesture - 1, 1);
    storeNames(names);
  }

  /** A change that its user made by its buttons. */
  function hear() {
    const change = wire.host.change();
    const isNew = change && change.number !== changes;
    if (isNew) {
      const { kind, gesture, at, number } = change;
      const missed = number - changes - 1;
      changes = number;
      if (kind === ChangeKind.Learned) {
        if (gesture > count) rename(gesture, `gesture ${gesture}`);
        const samples = wire.host.recorded(at);
        examples.add({ index: gesture - 1, by: "board", samples: samples.length > 0 ? samplesOf(samples) : undefined });
        say(`Its button taught it “${name(gesture)}”.`);
      } else if (kind === ChangeKind.TookBack) {
        examples.takeBack(({ by, index }) => by === "board" && index === gesture - 1);
        say(`Its button took the last label back, “${name(gesture)}”.`);
      } else {
        say(`Its button removed “${name(gesture)}”.`);
        removed(gesture);
      }
      if (missed > 0) say("Its buttons were used more than once meanwhile: look whether the names are right.", true);
    }
    change?.free();
  }

  async function look() {
    await drive((host) => host.follow());
    const { host } = wire;
    recent = [...recent, ...samplesOf(host.fresh())].slice(-SHOWN);
    await drive((host) => host.look());
    hear();
    count = host.samples().length;
    for (let gesture = 1; gesture <= count; gesture += 1) names[gesture - 1] ??= `gesture ${gesture}`;
    const seen = host.seen();
    says(element("board-answer"), element("board-why"), seen, names, count);
    seen?.free();
    known.draw(host, names);
    signal(element("board-signal"), recent);
    element("board-new").disabled = count >= ROOM;
    element("board-consent").textContent = host.consent() > 0 ? `Its user allows changes for ${host.consent()} more seconds.` : "";
    for (const id of ["board-csv", "board-json", "board-table"]) element(id).disabled = examples.all.length === 0;
  }

  /** One request after the other: the last is done before the next is sent. */
  let looking = false;
  function tick() {
    if (looking) return;
    looking = true;
    ask(async (host) => {
      await look();
      if (!allowed || host.consent() === 0) return;
      const work = allowed;
      allowed = undefined;
      await work(host);
    }).finally(() => { looking = false; });
  }

  async function close() {
    clearInterval(timer);
    await wire?.close();
    [wire, allowed] = [];
    shown(false);
  }

  function shown(connected) {
    element("connected").hidden = !connected;
    element("connect").hidden = connected;
  }

  async function learn(features, gesture, example) {
    await drive((host) => host.learn(features, gesture));
    examples.add({ index: gesture - 1, by: "page", features, ...example });
  }

  /** Teaches it the window that it has now. */
  const teach = (gesture) => ask(async (host) => {
    await look();
    const features = host.window();
    if (features.length === 0) throw new Error("It gathers 1.3 seconds of motion first.");
    const samples = host.recorded(host.at());
    if (gesture > count) rename(gesture, `gesture ${gesture}`);
    await learn(features, gesture, { samples: samples.length > 0 ? samplesOf(samples) : undefined });
    await look();
    say(`Taught it “${name(gesture)}”: ${examplesOf(host.samples()[gesture - 1])}.`);
    await summary();
  });

  const known = new Known(element("board-known"), element("board-nothing"), {
    teach,
    remove: (gesture) => ask(() => withConsent(`Remove “${name(gesture)}”`, async () => {
      await drive((host) => host.remove(gesture));
      say(`Removed “${name(gesture)}”.`);
      removed(gesture);
    })),
    rename,
  });

  async function summary() {
    await drive((host) => host.calibration());
    const found = wire.host.summary();
    element("board-summary").textContent = found
      ? `Before it learned, it was right ${percent(found.accuracy)} of ${found.labels} times, and ${percent(found.confidence)} sure.` : "";
    found?.free();
  }

  const press = (id, does) => element(id).addEventListener("click", does);
  press("connect", async () => {
    say("");
    try {
      wire = await Wire.open();
      examples.clear();
      [recent, changes, count] = [[], 0, 0];
      await drive((host) => host.look());
      const change = wire.host.change();
      // Changes before the connection are not told.
      changes = change?.number ?? 0;
      change?.free();
      shown(true);
      await look();
      await summary();
      const labels = wire.host.samples().reduce((sum, samples) => sum + samples, 0);
      say(`Connected. It knows ${count === 1 ? "1 gesture" : `${count} gestures`} from ${examplesOf(labels)}.`);
      timer = setInterval(tick, EVERY);
    } catch (error) {
      // Whoever chooses no port knows that he did.
      if (error?.name !== "NotFoundError") say(sentence(error), true);
      await close();
    }
  });
  press("disconnect", () => ask(async () => { await close(); say("Disconnected."); }));
  press("board-new", () => teach(count + 1));
  press("send", () => ask(async () => {
    const taught = lesson.examples().filter(({ samples }) => !examples.all.some((example) => example.samples === samples));
    if (taught.length === 0) throw new Error("There is no new example: teach one in the first part of this page.");
    for (const { gesture, samples } of taught) {
      await learn(window_features(flat(samples)), gesture, { samples });
      if (gesture > count) rename(gesture, lesson.name(gesture));
      count = Math.max(count, gesture);
    }
    await look();
    say(`Taught it ${examplesOf(taught.length)}.`);
    await summary();
  }));
  press("send-back", () => ask(async () => {
    const fits = ({ by }) => by === "page";
    const last = examples.last(fits);
    if (!last) throw new Error("None was taught from here.");
    await drive((host) => host.take_back(last.features, last.index + 1));
    examples.takeBack(fits);
    await look();
    say(`Took back the last label, “${name(last.index + 1)}”.`);
  }));
  press("board-save", () => ask(() => withConsent("Save", async () => {
    await drive((host) => host.save());
    say("Saved on the board: it keeps this without power.");
  })));
  downloads({ csv: "board-csv", json: "board-json", table: "board-table" }, () => examples.labelled(names));
  press("board-learned", () => ask(async (host) => {
    await drive((host) => host.read_checkpoint());
    download("learned.bin", "application/octet-stream", host.checkpoint());
  }));
  press("board-head", () => ask(async (host) => {
    await drive((host) => host.read_head());
    download("head.bin", "application/octet-stream", host.head());
  }));
  element("board-upload").addEventListener("change", async ({ target }) => {
    const file = target.files[0];
    target.value = "";
    if (!file) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    ask(() => withConsent(`Replace all that it knows by ${file.name}`, async () => {
      await drive((host) => host.write_checkpoint(bytes, random()));
      examples.clear();
      await look();
      say(`It knows what is in ${file.name}. Save, or it is gone without power.`);
    }));
  });
}

const examplesOf = (count) => (count === 1 ? "1 example" : `${count} examples`);

/** What went wrong, as a sentence. */
function sentence(error) {
  const text = String(error?.message ?? error);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
