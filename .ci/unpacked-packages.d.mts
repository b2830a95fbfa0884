/** A path or name to start, or undefined when the program is neither unpacked nor on PATH. */
export function unpackedProgram(program: string): string | undefined;
/** The same for one that serves: a command and its first arguments. */
export function unpackedServer(program: string): readonly [string, ...string[]] | undefined;
export function missingPrograms(): string[];
export function canUnpack(): boolean;
export function unpackCommand(programs: readonly string[]): string;
export function unpack(programs: readonly string[]): void;
