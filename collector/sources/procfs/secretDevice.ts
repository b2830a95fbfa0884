/** Tells secret files from plain ones that carry their name, and learns secretmem's device when nobody could ask for it. */
import { type Device, type FileIdentity, identify, identifySecretFile } from "../../../probes/kernel/secretFile.ts";

export interface Identification {
  /** Identity of the file behind a magic link. */
  readonly identify: (path: string) => FileIdentity | undefined;
  /** The same, if it is a secret file by its file-system type. */
  readonly identifySecretFile: (path: string) => FileIdentity | undefined;
}

export class SecretDevice {
  #device: Device | undefined;
  readonly #by: Identification;

  /** device: from a canary; undefined: taken from the first secret file that is met. */
  constructor(device?: Device, by: Identification = { identify, identifySecretFile }) {
    this.#device = device;
    this.#by = by;
  }

  get device(): Device | undefined {
    return this.#device;
  }

  /** Which secret file a descriptor's link leads to; undefined: none, or it is closed by now. */
  behindLink(path: string): FileIdentity | undefined {
    if (this.#device === undefined) return this.#learn(path);
    const file = this.#by.identify(path);
    return file?.device.sDev === this.#device.sDev ? file : undefined;
  }

  /** Whether a line of maps is about a secret file. The line names the device; the path only helps where none is known. */
  isMapped(device: Device, path: string): boolean {
    const known = this.#device ?? this.#learn(path)?.device;
    return known?.sDev === device.sDev;
  }

  #learn(path: string): FileIdentity | undefined {
    const file = this.#by.identifySecretFile(path);
    this.#device = file?.device;
    return file;
  }
}
