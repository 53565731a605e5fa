// The list of gestures.

import { percent } from "./page.js";

export class Known {
  /** Of a list, and what is shown where it is empty. `does` has what the buttons of a gesture do: teach, remove, rename. */
  constructor(list, nothing, does) {
    [this.list, this.nothing, this.does] = [list, nothing, does];
    this.rows = [];
  }

  /** `board` has what a board says: samples, probabilities, and the answer that it sees. */
  draw(board, names) {
    const [samples, shares, seen] = [board.samples(), board.probabilities(), board.seen()];
    while (this.rows.length > samples.length) this.rows.pop().item.remove();
    while (this.rows.length < samples.length) this.rows.push(this.row(this.rows.length + 1));
    this.nothing.hidden = samples.length > 0;
    this.rows.forEach((row, index) => {
      const share = shares[index] ?? 0;
      const count = `${samples[index]} ${samples[index] === 1 ? "example" : "examples"}`;
      row.item.classList.toggle("seen", Boolean(seen) && !seen.far && !seen.between && seen.gesture === index + 1);
      row.bar.style.width = `${100 * share}%`;
      row.note.textContent = `${count}, ${percent(share)}`;
      if (document.activeElement !== row.name && row.name.value !== names[index]) {
        row.name.value = names[index];
        row.teach.setAttribute("aria-label", `Teach ${names[index]}`);
        row.remove.setAttribute("aria-label", `Remove ${names[index]}`);
      }
    });
    seen?.free();
  }

  row(gesture) {
    const item = document.createElement("li");
    item.className = `k${gesture}`;
    item.innerHTML =
      `<span class="number" aria-hidden="true"><span>${gesture}</span></span><input type="text" maxlength="24" autocomplete="off" aria-label="Name of gesture ${gesture}">` +
      '<button type="button" class="main">Teach</button><button type="button" class="quiet">Remove</button>' +
      '<div class="share"><div class="bar" aria-hidden="true"><i></i></div><span class="note"></span></div>';
    const [name, [teach, remove]] = [item.querySelector("input"), item.querySelectorAll("button")];
    name.addEventListener("change", () => {
      name.value = name.value.trim() || `gesture ${gesture}`;
      this.does.rename(gesture, name.value);
      teach.setAttribute("aria-label", `Teach ${name.value}`);
      remove.setAttribute("aria-label", `Remove ${name.value}`);
    });
    name.addEventListener("keydown", ({ key }) => { if (key === "Enter") name.blur(); });
    teach.addEventListener("click", () => this.does.teach(gesture));
    remove.addEventListener("click", () => this.does.remove(gesture));
    this.list.append(item);
    return { item, name, teach, remove, bar: item.querySelector(".bar i"), note: item.querySelector(".note") };
  }
}
