const LARGEST_EXACT = 9_007_199_254_740_991n;

/**
 * Reads an integer from a message, whichever way this release of bpftrace sent it: number, bigint, or a string of digits.
 *
 * @returns a number when it is exact, else a bigint; undefined for anything that is not an integer
 */
export function integer(value: unknown): number | bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value === "bigint") return narrow(value);
  if (typeof value !== "string" || !/^-?\d{1,20}$/.test(value)) return undefined;
  return value.length < 16 ? Number(value) : narrow(BigInt(value));
}

/** Like `integer`, always as bigint: for 64-bit times, addresses and ids. */
export function toBigInt(value: unknown): bigint | undefined {
  const exact = integer(value);
  return exact === undefined ? undefined : BigInt(exact);
}

function narrow(value: bigint): number | bigint {
  return value <= LARGEST_EXACT && value >= -LARGEST_EXACT ? Number(value) : value;
}

/**
 * Splits the key of a map that is keyed by numbers only: `@m[pid, inode]` prints the key `12,345`.
 *
 * @param arity how many numbers the map's key has
 * @returns the numbers, or undefined when the key is not exactly that many integers
 */
export function splitNumericKey(key: string, arity: number): (number | bigint)[] | undefined {
  const parts = key.split(",");
  if (parts.length !== arity) return undefined;
  const numbers: (number | bigint)[] = [];
  for (const part of parts) {
    const number = integer(part);
    if (number === undefined) return undefined;
    numbers.push(number);
  }
  return numbers;
}
