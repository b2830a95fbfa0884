/** HOST:PORT to listen at. */
import { BlockList, isIP } from "node:net";

export interface ListenAddress {
  /** An IP address without brackets, or a host name. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/**
 * Loopback, and 19447. The range that Prometheus keeps for exporters (9100 to 9999) is given away to the last number,
 * and its list of ports beyond does not have this one, nor does IANA's. 447 is the number of memfd_secret(2), so it can
 * be remembered; below 32768 no outgoing connection takes it first.
 */
export const defaultListen: ListenAddress = { host: "127.0.0.1", port: 19447 };

export const listenForm = "HOST:PORT like 127.0.0.1:19447 or [::1]:19447";

const name =
  /^(?=.{1,253}$)[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const onlyNumbers = /^[0-9.]+$/;

/** @returns undefined when it is no such address */
export function parseListen(text: string): ListenAddress | undefined {
  const [, brackets, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  if (brackets !== undefined) return isIP(brackets) === 6 ? { host: brackets, port } : undefined;
  if (plain === undefined) return undefined;
  const isHost = isIP(plain) === 4 || (name.test(plain) && !onlyNumbers.test(plain));
  return isHost ? { host: plain, port } : undefined;
}

export const formatListen = ({ host, port }: ListenAddress) =>
  isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Names other than localhost may lead anywhere. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return /^(?:[^.]+\.)*localhost$/i.test(host);
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}
