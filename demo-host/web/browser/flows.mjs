// The page in a real browser: what a user does with it, from the first tap to the pulled battery.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { chromium } from "playwright-core";

const { CHROMIUM, FULL_LENGTHS, HEAD_CRC, SERVER, PAGE } = process.env;
const LESSON = "lesson.csv";
let [server, browser, address] = [];

before(async () => {
  server = spawn(SERVER, ["serve", PAGE], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.startsWith("http://")) { address = line; break; }
  }
  const executablePath = CHROMIUM.startsWith("/") ? CHROMIUM : `/usr/bin/${CHROMIUM}`;
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  server?.kill();
});

/** A test of the page in a browser that has never seen it. Any error on its console fails it, and so does a request to elsewhere. */
function flow(name, steps, { init, ...options } = {}) {
  test(name, { timeout: 120_000 }, async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(20_000);
    if (init) await context.addInitScript(init);
    const page = await context.newPage();
    const wrong = [];
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(message.text()); });
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("request", (request) => { if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(address)) wrong.push(request.url()); });
    try {
      await page.goto(address);
      await page.locator("#log").getByText("knows nothing").or(page.locator("#broken:visible")).waitFor();
      await steps(page, context);
      assert.deepEqual(wrong, []);
    } finally {
      await context.close();
    }
  });
}

const source = (page, name) => page.getByRole("radio", { name }).check();
const log = (page, text) => page.locator("#log").getByText(text).waitFor();
/** What the simulated person does. */
const make = (page, gesture) => page.locator("#gestures-made").getByLabel(gesture).check();
/** Waits until the page, which draws after it has logged, shows as many gestures, or those of these names. */
const knows = async (page, wanted, list = "#known") => {
  const shown = () => page.locator(`${list} input`).evaluateAll((inputs) => inputs.map(({ value }) => value));
  const fits = (names) => (Array.isArray(wanted) ? names.join() === wanted.join() : names.length === wanted);
  for (let i = 0; i < 100 && !fits(await shown()); i++) await page.waitForTimeout(50);
  const names = await shown();
  assert.ok(fits(names), `${list} shows ${names}, not ${wanted}`);
};
/** Waits for this answer. */
const sees = (page, text) => page.waitForFunction((text) => document.getElementById("answer").textContent === text, text);

async function open(page, name, content) {
  await source(page, "A recording");
  const file = content === undefined ? name : { name, mimeType: "text/plain", buffer: Buffer.from(content) };
  await page.getByLabel("A file of motion").setInputFiles(file);
}

async function teachRecording(page) {
  await open(page, LESSON);
  await page.getByRole("button", { name: "Teach all labelled parts" }).click();
  await log(page, "Taught 9 labelled parts.");
}

async function fingerprint(page) {
  if (!(await page.locator("details.inside[open]").count())) await page.locator("details.inside summary").click();
  const value = page.locator("#figures dt", { hasText: "Fingerprint" }).locator("+ dd");
  await value.waitFor();
  return value.textContent();
}

flow("three gestures from a recording, a fourth is refused; saved, reloaded, still known, to the bit", async (page) => {
  await teachRecording(page);
  await knows(page, ["rest", "shake", "circle"]);
  assert.equal(await fingerprint(page), HEAD_CRC, "the head of the native app");
  await open(page, "knock.csv");
  await page.getByRole("button", { name: "Play it" }).click();
  await sees(page, "?");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await log(page, "Saved: 3 gestures from 9 examples");
  await page.reload();
  await log(page, "It remembers 3 gestures from 9 examples");
  await knows(page, ["rest", "shake", "circle"]);
  assert.equal(await fingerprint(page), HEAD_CRC);
  await source(page, "Simulated people");
  await make(page, "circle");
  await sees(page, "circle");
});

flow("a person teaches, another makes it err, two labels mend it; a wrong label is taken back", async (page) => {
  await teachRecording(page);
  await source(page, "Simulated people");
  await make(page, "shake");
  await sees(page, "shake");
  await page.getByRole("radio", { name: "Ben" }).check();
  await sees(page, "?");
  for (const examples of [4, 5]) {
    await page.getByRole("button", { name: "Teach shake" }).click();
    await log(page, `Learned “shake”: ${examples} examples.`);
  }
  await sees(page, "shake");
  await page.getByRole("button", { name: "Teach circle" }).click();
  await log(page, "Learned “circle”: 4 examples. It would have said “shake”");
  await page.getByRole("button", { name: "Take the last label back" }).click();
  await log(page, "Took back the last label, “circle”");
  assert.match(await page.locator("#known li").nth(2).textContent(), /3 examples/);
});

flow("gestures are added, renamed and removed; what was not saved goes with the battery", async (page) => {
  await source(page, "Simulated people");
  for (const [gesture, index] of [["rest", 0], ["wave", 1], ["knock", 2]]) {
    await make(page, gesture);
    await page.waitForTimeout(1500);
    await page.getByRole("button", { name: "Teach a new gesture" }).click();
    await log(page, `Learned “${gesture}”: 1 example.`);
    await knows(page, index + 1);
  }
  await page.getByLabel("Name of gesture 2").fill("hello");
  await page.getByLabel("Name of gesture 2").press("Enter");
  await page.getByRole("button", { name: "Remove rest" }).click();
  await log(page, "Removed “rest”.");
  await knows(page, ["hello", "knock"]);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await log(page, "Saved: 2 gestures from 2 examples");
  await page.waitForTimeout(1500);
  await page.getByRole("button", { name: "Teach a new gesture" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#known li").length === 3);
  await page.getByRole("button", { name: "Pull the battery" }).click();
  await log(page, "It remembers 2 gestures from 2 examples");
  await knows(page, ["hello", "knock"]);
  await page.getByRole("button", { name: "Start anew" }).click();
  await page.getByRole("button", { name: "Really forget all?" }).click();
  await log(page, "It knows nothing");
  await knows(page, 0);
});

flow("the mouse moves the board, its own buttons teach it, and the examples come back from a file", async (page) => {
  const { x, y, width, height } = await page.locator("#pad").boundingBox();
  const circle = async (turns) => {
    for (let i = 0; i < turns * 24; i += 1) {
      const angle = (i / 24) * 2 * Math.PI;
      await page.mouse.move(x + width / 2 + 80 * Math.cos(angle), y + height / 2 + 80 * Math.sin(angle));
      await page.waitForTimeout(15);
    }
  };
  await circle(4);
  await page.getByRole("button", { name: "A", exact: true }).focus();
  await page.keyboard.down(" ");
  await circle(0.5);
  await page.keyboard.up(" ");
  await log(page, "Learned “gesture 1”: 1 example.");
  await page.waitForTimeout(1500);
  await page.getByRole("button", { name: "Teach a new gesture" }).click();
  await log(page, "Learned “gesture 2”");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CreateAI" }).click()]);
  const recordings = JSON.parse(await readFile(await file.path(), "utf8"));
  assert.deepEqual(recordings.map(({ name, recordings }) => [name, recordings.length]), [["gesture 2", 1]]);
  assert.equal(recordings[0].recordings[0].data.x.length, 64);
  const [table] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download your examples" }).click()]);
  await open(page, "again.csv", await readFile(await table.path(), "utf8"));
  await page.locator("#file-state").getByText("1.3 seconds, labels: gesture 2.").waitFor();
  const [numbers] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "as 24 numbers" }).click()]);
  const [header, row, ...rest] = (await readFile(await numbers.path(), "utf8")).split("\n");
  assert.ok(header.startsWith("label,f0,f1,") && header.endsWith(",f23"));
  assert.ok(row.startsWith("gesture 2,") && row.split(",").length === 25 && row.split(",").slice(1).every((x) => Number.isFinite(Number(x))));
  assert.deepEqual(rest, [""]);
});

/** What a page finds on iOS, whose user first does not allow it. */
const iOS = () => {
  Object.defineProperty(navigator, "vendor", { value: "Apple Computer, Inc." });
  let asked = 0;
  DeviceMotionEvent.requestPermission = async () => (asked++ === 0 ? "denied" : "granted");
};

flow("an iPhone asks for permission; events whose axes are null do not count, real ones do, with their sign turned", async (page) => {
  await source(page, "This phone");
  const start = page.getByRole("button", { name: "Use this phone’s sensor" });
  await start.click();
  await page.locator("#phone-state").getByText("did not allow it").waitFor();
  await start.click();
  const send = (z) => page.evaluate((z) => {
    const acceleration = z === null ? { x: null, y: null, z } : { x: 0, y: 0, z };
    dispatchEvent(new DeviceMotionEvent("devicemotion", { accelerationIncludingGravity: acceleration, interval: 16 }));
  }, z);
  await send(null);
  await page.locator("#phone-state").getByText("has sent no motion for a second").waitFor();
  for (let i = 0; i < 120; i += 1) {
    await send(-9.80665);
    await page.waitForTimeout(10);
  }
  await page.locator("#phone-state").getByText("It feels the motion").waitFor();
  // Face up: z is negative there, and +1 g here.
  await page.locator("details.inside summary").click();
  await page.waitForFunction(() => {
    const tilt = document.querySelectorAll("#features .z .bar i")[0];
    return parseFloat(tilt.style.left) === 50 && Math.abs(parseFloat(tilt.style.width) - 25) < 1;
  });
}, { init: iOS });

/** A simulated board behind a stand-in for the browser's port: the app of the page itself, moved by Ada, with the link. Each time that it is
 *  opened it is a new board. What comes first is garbage. */
const simulated = () => {
  const noise = Uint8Array.from({ length: 700 }, (_, i) => i * 7);
  const port = {
    async open() {
      const { Board, Person } = await import("/device.js");
      const [board, person] = [new Board(new Uint8Array()), new Person(0)];
      person.begin(1);
      let send;
      this.readable = new ReadableStream({ start(controller) { send = controller; } });
      this.writable = new WritableStream({ write(bytes) { send.enqueue(board.serve(bytes)); } });
      send.enqueue(noise);
      const time = setInterval(() => board.reading(person.sample()), 20);
      globalThis.simulated = {
        board,
        person,
        noise: () => send.enqueue(noise),
        consent() {
          for (const down of [true, false]) {
            board.hold_label(down);
            board.hold_save(down);
            for (let i = 0; i < 150; i += 1) board.reading(Float32Array.of(0, 0, 1));
          }
        },
        unplug: () => { clearInterval(time); send.error(new DOMException("The device has been lost.", "NetworkError")); },
      };
    },
    async close() {},
  };
  Object.defineProperty(navigator, "serial", { value: { requestPort: async () => port } });
};

const told = (page, text) => page.locator("#cable-log").getByText(text).waitFor();
const cabled = (page, name) => page.locator("#cable").getByRole("button", { name, exact: true });
/** Ada moves the board on the cable like this, for two seconds. */
const does = async (page, gesture) => {
  await page.evaluate((gesture) => simulated.person.begin(gesture), gesture);
  await page.waitForTimeout(2000);
};
const bytesOf = async (page, button) => {
  const [file] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return readFile(await file.path());
};

flow("a board on a cable says what it sees, is taught by the page and by its buttons, and its recordings are had", async (page) => {
  await cabled(page, "Connect a board").click();
  await told(page, "Connected. It knows 0 gestures from 0 examples.");
  await does(page, 1);
  await cabled(page, "Teach it a new gesture").click();
  await told(page, "Taught it “gesture 1”: 1 example.");
  await page.locator("#board-known").getByLabel("Name of gesture 1").fill("rest");
  await page.locator("#board-known").getByLabel("Name of gesture 1").press("Enter");
  await does(page, 2);
  await page.evaluate(() => simulated.board.teach(2));
  await told(page, "Its button taught it “gesture 2”.");
  await page.locator("#board-known").getByLabel("Name of gesture 2").fill("shake");
  await page.locator("#board-known").getByLabel("Name of gesture 2").press("Enter");
  await page.locator("#board-answer").getByText("shake").waitFor();
  await page.waitForFunction(() => parseFloat(document.querySelectorAll("#board-known .bar i")[1].style.width) > 50);
  // Garbage in the middle of it.
  await page.evaluate(() => simulated.noise());
  await does(page, 1);
  await page.locator("#board-answer").getByText("rest").waitFor();
  await cabled(page, "Teach rest").click();
  await told(page, "Taught it “rest”: 2 examples.");
  const recordings = JSON.parse(await bytesOf(page, cabled(page, "… for CreateAI (JSON)")));
  assert.deepEqual(recordings.map(({ name, recordings }) => [name, recordings.length]), [["rest", 2], ["shake", 1]]);
  assert.ok(recordings.every(({ recordings }) => recordings.every(({ data }) => [data.x, data.y, data.z].every(({ length }) => length === 64))));
  const rows = String(await bytesOf(page, cabled(page, "… as 24 numbers each (CSV)"))).trim().split("\n");
  assert.deepEqual(rows.map((row) => [row.split(",")[0], row.split(",").length]), [["label", 25], ["rest", 25], ["shake", 25], ["rest", 25]]);
  assert.equal(String(await bytesOf(page, cabled(page, "Download the recordings (CSV)"))).trim().split("\n").length, 1 + 3 * 64);
  await cabled(page, "Take that back").click();
  await told(page, "Took back the last label, “rest”.");
  assert.deepEqual(await page.evaluate(() => [...simulated.board.samples()]), [1, 1]);
  await page.evaluate(() => simulated.board.take_back());
  await page.waitForTimeout(1500);
  assert.deepEqual(await page.evaluate(() => [...simulated.board.samples()]), [1, 1], "that of the page is not the button's");
  await page.evaluate(() => simulated.unplug());
  await told(page, "The board was unplugged.");
  await cabled(page, "Connect a board").waitFor();
}, { init: simulated });

flow("what replaces or erases waits for the board's buttons, and what it knows goes to another board", async (page) => {
  await source(page, "Simulated people");
  for (const gesture of ["rest", "shake"]) {
    await make(page, gesture);
    await page.waitForTimeout(1500);
    await page.getByRole("button", { name: "Teach a new gesture", exact: true }).click();
    await log(page, `Learned “${gesture}”: 1 example.`);
  }
  await cabled(page, "Connect a board").click();
  await told(page, "Connected.");
  await cabled(page, "Teach it the examples from above").click();
  await told(page, "Taught it 2 examples.");
  await cabled(page, "Save on the board").click();
  await told(page, "Hold both of the board’s buttons");
  assert.equal(await page.evaluate(() => simulated.board.flash_changes()), 0);
  await page.evaluate(() => simulated.consent());
  await told(page, "Saved on the board");
  assert.equal((await bytesOf(page, cabled(page, "Download its linear head"))).length, 4 * 8 * 25);
  const learned = await bytesOf(page, cabled(page, "Download what it knows"));
  await cabled(page, "Remove rest").click();
  await told(page, "Removed “rest”.");
  await knows(page, ["shake"], "#board-known");
  const crc = await page.evaluate(() => simulated.board.head_crc());
  const upload = (name, buffer) => page.locator("#board-upload").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
  await upload("other.bin", Buffer.alloc(99, 7));
  await told(page, "is not what a device of this kind has learned");
  assert.equal(await page.evaluate(() => simulated.board.head_crc()), crc, "and it is as it was");
  await cabled(page, "Disconnect").click();
  await told(page, "Disconnected.");
  await cabled(page, "Connect a board").click();
  await told(page, "It knows 0 gestures");
  await upload("learned.bin", learned);
  await told(page, "Replace all that it knows by learned.bin? Hold both");
  await page.evaluate(() => simulated.consent());
  await told(page, "It knows what is in learned.bin.");
  assert.deepEqual(await page.evaluate(() => [...simulated.board.samples()]), [1, 1]);
}, { init: simulated });

flow("a browser without serial ports says so", async (page) => {
  await page.getByText("Chrome and Edge on a computer can").waitFor();
  assert.equal(await page.getByRole("button", { name: "Connect a board" }).count(), 0);
}, { init: () => Object.defineProperty(navigator, "serial", { value: undefined }) });

flow("garbage is refused with a sentence, and the page goes on", async (page) => {
  for (const [name, content, sentence] of [
    ["a.csv", "", "must name the columns"],
    ["a.csv", "time_ms,x,y,z\n", "holds no sample"],
    ["a.csv", "x,y,z\n1,2,three\n", "In line 2, “three” is not a number"],
    ["a.csv", "x,y,z\n0,0,99\n", "Is it in m/s²?"],
    ["a.csv", "x,y,z\n0,0\n", "In line 2"],
    ["a.json", "{", "not valid JSON"],
    ["a.json", "{}", "not a list of gestures"],
    ["a.json", '[{"name":"n"}]', "no list of recordings"],
    ["a.json", '[{"name":"n","recordings":[{"data":{"x":[1],"y":[],"z":[1]}}]}]', "not lists of equal length"],
    ["a.bin", "\u0000\u0001\u0002", "must name the columns"],
  ]) {
    await open(page, name, content);
    await page.locator("#file-state").getByText(sentence).waitFor();
    assert.ok(await page.getByRole("button", { name: "Play it" }).isDisabled());
  }
  await open(page, "short.csv", "x,y,z,label\n0,0,1,tap\n");
  assert.ok(await page.getByRole("button", { name: "Teach all labelled parts" }).isDisabled());
  for (const [flash, sentence] of [["%%%", "knows nothing"], ["AAAA", "what this browser kept is damaged"], [btoa("Z".repeat(24_576)), "cannot be read"]]) {
    await page.evaluate((flash) => {
      localStorage.setItem("gradient-decay.flash", flash);
      localStorage.setItem("gradient-decay.names", "{}");
    }, flash);
    await page.reload();
    await page.locator("#log").getByText(new RegExp(sentence, "i")).waitFor();
  }
});

flow("beta is touched, and two learners learn from the same clicks", async (page) => {
  await page.getByLabel("beta", { exact: false }).first().fill("-1");
  await page.locator("#beta-words").getByText("still pulls with 53 %").waitFor();
  await page.getByRole("radio", { name: "square" }).check();
  await page.locator("#lda").click({ position: { x: 40, y: 40 } });
  await page.locator("#sgd").focus();
  for (const key of ["ArrowRight", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await page.getByRole("button", { name: "Add 10 points of each" }).click();
  await page.locator("#labels-value").getByText("32 of 32").waitFor();
  const right = async (id) => Number((await page.locator(`#${id}-score`).textContent()).match(/right (\d+) %/)[1]);
  assert.ok((await right("lda")) >= 50);
  await page.getByLabel("Labels that both have seen").fill("2");
  await page.locator("#labels-value").getByText("2 of 32").waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  await page.locator("#lda-score").getByText("No answers yet").waitFor();
});

flow("it works without a network, once loaded", async (page, context) => {
  await page.locator("#offline").getByText("stored").waitFor();
  await context.setOffline(true);
  await page.reload();
  await log(page, "knows nothing");
  await teachRecording(page);
});

// Each colour and each width; with full lengths, each with each.
const looks = [["light", 1280], ["dark", 390], ...(FULL_LENGTHS ? [["dark", 1280], ["light", 390]] : [])];
for (const [colorScheme, width] of looks) {
  flow(`axe finds nothing, and nothing is cut off: ${colorScheme}, ${width} px`, async (page) => {
    await teachRecording(page);
    await page.getByRole("button", { name: "Add 10 points of each" }).click();
    await cabled(page, "Connect a board").click();
    await told(page, "Connected.");
    await does(page, 2);
    await cabled(page, "Teach it a new gesture").click();
    await told(page, "Taught it “gesture 1”");
    for (const details of await page.locator("details").all()) await details.evaluate((element) => { element.open = true; });
    for (const name of ["Mouse or finger", "This phone", "Simulated people", "A recording"]) {
      await source(page, name);
      const cut = await page.evaluate(() => {
        const isCut = ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1;
        return [document.documentElement, ...document.querySelectorAll("button, label span, p, td, dd, h1, h2, h3, h4, .card")].filter(isCut).map((element) => element.outerHTML.slice(0, 120));
      });
      assert.deepEqual(cut, [], name);
    }
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]), []);
  }, { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce", init: simulated });
}
