// A serial port, and the conversation with the board at its end.

import { Host, Step } from "./device.js";
import { FEATURES } from "./recording.js";

const BAUD = 115_200;
/** Milliseconds after which an answer is overdue; it is waited for three times, and a board may erase its flash for four seconds. */
const OVERDUE = 1500;
const UNPLUGGED = "The board was unplugged.";

export class Wire {
  /** A port that the user chose, opened, with a board that has answered. */
  static async open() {
    const wire = new Wire();
    wire.port = await navigator.serial.requestPort();
    try {
      await wire.port.open({ baudRate: BAUD });
      [wire.reader, wire.writer] = [wire.port.readable.getReader(), wire.port.writable.getWriter()];
      wire.host = new Host(crypto.getRandomValues(new Uint32Array(1))[0]);
      await wire.drive((host) => host.connect());
      const features = wire.host.features();
      if (features !== FEATURES) throw new Error(`This board takes ${features} numbers, not the ${FEATURES} of the gesture board.`);
    } catch (error) {
      await wire.close();
      throw error;
    }
    return wire;
  }

  /** Drives what `asks` begins to its end. */
  async drive(asks) {
    let step = asks(this.host);
    while (step !== Step.Done) {
      if (step === Step.Send) await this.writer.write(this.host.outgoing()).catch(() => this.lost());
      const received = await this.bytes();
      step = received ? this.host.receive(received) : this.host.timed_out();
    }
  }

  /** Bytes, or nothing where none came in time. */
  async bytes() {
    this.waiting ??= this.reader.read();
    let alarm;
    const overdue = new Promise((resolve) => { alarm = setTimeout(resolve, OVERDUE); });
    try {
      const read = await Promise.race([this.waiting, overdue]).catch(() => this.lost());
      if (read) this.waiting = undefined;
      return read?.done ? this.lost() : read?.value;
    } finally {
      clearTimeout(alarm);
    }
  }

  lost() {
    this.isLost = true;
    throw new Error(UNPLUGGED);
  }

  async close() {
    await this.reader?.cancel().catch(() => {});
    this.reader?.releaseLock();
    this.writer?.releaseLock();
    await this.port?.close().catch(() => {});
    this.host?.free();
    [this.host, this.port, this.reader, this.writer] = [];
  }
}
