/** Path of secretwork, compiled if need be. Throws with what to install when there is no C compiler. */
export function secretwork(): string;
