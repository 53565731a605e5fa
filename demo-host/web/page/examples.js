// The examples taught in this visit.

/** Examples, each of which has at least the index of its gesture. */
export class Examples {
  constructor() {
    this.all = [];
  }

  add(example) {
    this.all.push(example);
  }

  clear() {
    this.all = [];
  }

  /** The last one that fits; `undefined` if there is none. */
  last(fits) {
    return this.all.findLast(fits);
  }

  /** Forgets the last one that fits. */
  takeBack(fits) {
    const at = this.all.findLastIndex(fits);
    if (at >= 0) this.all.splice(at, 1);
  }

  /** A gesture was removed: its examples go, and those above it move down. */
  remove(index) {
    this.all = this.all.filter((example) => example.index !== index);
    for (const example of this.all) if (example.index > index) example.index -= 1;
  }

  /** Those that have their samples, by the names of their gestures. */
  labelled(names) {
    return this.all.filter(({ samples }) => samples).map(({ index, samples }) => ({ label: names[index], samples }));
  }
}
