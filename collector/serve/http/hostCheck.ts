/**
 * Whether a request was meant for this server. A page in a browser can have its own name lead to 127.0.0.1 (DNS
 * rebinding) and read what a service on loopback says; but it cannot change the Host header, which carries that name.
 */
import { isLoopback } from "../listenAddress.ts";

/** @param host the header as it came */
export function isForLoopback(host: string): boolean {
  if (!/^[A-Za-z0-9.:[\]-]{1,255}$/.test(host)) return false;
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return isLoopback(hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, ""));
}
