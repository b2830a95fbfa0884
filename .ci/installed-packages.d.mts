/** Whether node_modules under the folder holds what its package-lock.json says. */
export function packagesAreInstalled(repository: string): boolean;
