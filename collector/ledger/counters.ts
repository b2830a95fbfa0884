/**
 * A total over epochs. Inside an epoch the kernel's counter only grows and each sample is the whole of it, so a lost
 * sample costs nothing once a later one arrives; a new epoch starts from zero and what was counted before stays.
 */
export class EpochCounter {
  #before = 0;
  #current = 0;
  #epoch = 0;

  get total(): number {
    return this.#before + this.#current;
  }

  /** Takes a sample. @returns by how much the total grew. */
  sample(epoch: number, value: number): number {
    const earlier = this.total;
    if (epoch > this.#epoch) {
      this.#before += this.#current;
      this.#current = 0;
      this.#epoch = epoch;
    }
    // A sample of an epoch that is over, or one that arrives late, says nothing new.
    if (epoch === this.#epoch && value > this.#current) this.#current = value;
    return this.total - earlier;
  }

  /** Takes over what another has counted, which will get no more samples. */
  absorb(other: EpochCounter): void {
    if (other.#epoch > this.#epoch) {
      this.#before += this.#current;
      this.#current = 0;
      this.#epoch = other.#epoch;
    }
    const same = other.#epoch === this.#epoch;
    this.#before += same ? other.#before : other.total;
    this.#current += same ? other.#current : 0;
  }

  /** What this epoch alone has counted. */
  within(epoch: number): number {
    return epoch === this.#epoch ? this.#current : 0;
  }
}
