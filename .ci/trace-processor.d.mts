/** Where it was unpacked; undefined when it is not here. */
export function traceProcessor(): string | undefined;
export function canGetTraceProcessor(): boolean;
export function getTraceProcessor(): void;
