// Starts the page.

import start from "./device.js";
import { cable } from "./cable.js";
import { images } from "./images.js";
import { lesson } from "./lesson.js";
import { loss } from "./loss.js";
import { plane } from "./plane.js";
import { element } from "./page.js";

try {
  await start({ module_or_path: "device_bg.wasm" });
  plane(loss());
  cable(lesson());
  await images();
} catch (error) {
  const broken = element("broken");
  broken.hidden = false;
  broken.textContent = `This page cannot run here: ${error.message ?? error}. A current Firefox, Chrome, Edge or Safari can.`;
}

// Once it is cached, the page works without a network. Where it cannot be, as in a private window, it works while it is open.
navigator.serviceWorker
  ?.register("worker.js")
  .then(() => navigator.serviceWorker.ready)
  .then(() => { element("offline").textContent = "It is stored now: try it in flight mode."; })
  .catch(() => {});
