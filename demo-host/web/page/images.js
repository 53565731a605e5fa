// Images of real boards, where the page was made with some.

import { element } from "./page.js";

const BOARDS = {
  "microbit-v2.hex": "BBC micro:bit v2: drop it on the drive MICROBIT",
  "microbit-v2.universal.hex": "The same for either micro:bit: the first one, which cannot run it, lights all its LEDs to say so",
  "rp2040-pico.uf2": "Raspberry Pi Pico: hold BOOTSEL while you connect it, drop it on the drive RPI-RP2. It needs a sensor and two buttons",
  "stm32f411e-disco.bin": "STM32F411E-DISCO: drop it on its drive, or write it to 0x08000000",
  "stm32f411e-disco.hex": "STM32F411E-DISCO: for a programmer",
};

/** Shows them. */
export async function images() {
  const offered = await (await fetch("images.json")).json();
  const known = offered.filter(({ name }) => name in BOARDS);
  element("images").hidden = element("to-images").hidden = known.length === 0;
  element("image-list").replaceChildren(
    ...known.map(({ name, bytes }) => {
      const item = document.createElement("li");
      const link = Object.assign(document.createElement("a"), { href: `images/${name}`, download: name, textContent: name });
      item.append(link, ` (${Math.round(bytes / 1000)} kB). ${BOARDS[name]}.`);
      return item;
    }),
  );
}
