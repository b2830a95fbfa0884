export function childrenOf(pid: number | undefined): number[];
