// Data that outlives the page: the board's flash, the names that its gestures had when it was written, and those of a board on a cable.

const FLASH = "gradient-decay.flash";
const NAMES = "gradient-decay.names";
const CABLE = "gradient-decay.cable-names";

/** The flash as it was, and the names; empty if there is none, or it cannot be read. */
export function load() {
  try {
    const text = localStorage.getItem(FLASH) ?? "";
    const flash = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const names = JSON.parse(localStorage.getItem(NAMES) ?? "[]");
    return { flash, names: Array.isArray(names) ? names.map(String) : [] };
  } catch {
    return { flash: new Uint8Array(), names: [] };
  }
}

/** Keeps both; `false` if this browser keeps nothing. */
export function store(flash, names) {
  try {
    localStorage.setItem(FLASH, btoa(Array.from(flash, (byte) => String.fromCharCode(byte)).join("")));
    localStorage.setItem(NAMES, JSON.stringify(names));
    return true;
  } catch {
    return false;
  }
}

/** The names of the gestures of a board on a cable, which itself knows them by their numbers alone. */
export function loadNames() {
  try {
    const names = JSON.parse(localStorage.getItem(CABLE) ?? "[]");
    return Array.isArray(names) ? names.map(String) : [];
  } catch {
    return [];
  }
}

/** Keeps them, if this browser keeps anything. */
export function storeNames(names) {
  try {
    localStorage.setItem(CABLE, JSON.stringify(names));
  } catch {
    // They last until the page is closed.
  }
}

/** Forgets the flash and its names. */
export function forget() {
  try {
    localStorage.removeItem(FLASH);
    localStorage.removeItem(NAMES);
  } catch {
    // Then there is nothing to forget.
  }
}
