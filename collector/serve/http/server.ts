/**
 * The HTTP endpoint: it answers GET and HEAD of a few fixed paths, changes nothing, and gives nobody more than httpLimits.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { CannotRun } from "../../cannotRun.ts";
import { formatListen, isLoopback, type ListenAddress } from "../listenAddress.ts";
import { type Answer, refusal } from "./answer.ts";
import { isForLoopback } from "./hostCheck.ts";
import { httpLimits } from "./limits.ts";

/** Makes the answer to one path. */
export type Page = (request: IncomingMessage) => Answer | Promise<Answer>;

/** There is nothing here to be shown in a page, run as a script, or kept by a cache. No header lets other origins read. */
const alwaysSent = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
} as const;

export interface HttpEndpointOptions {
  readonly listen: ListenAddress;
  /** By path. */
  readonly pages: Readonly<Record<string, Page>>;
  /** An error of ours while answering; the client is told no more than 500. */
  readonly onError: (error: unknown) => void;
}

export class HttpEndpoint {
  readonly #options: HttpEndpointOptions;
  readonly #server: Server;
  readonly #onlyLoopback: boolean;

  constructor(options: HttpEndpointOptions) {
    this.#options = options;
    this.#onlyLoopback = isLoopback(options.listen.host);
    this.#server = createServer(
      {
        maxHeaderSize: httpLimits.headerBytes,
        headersTimeout: httpLimits.headersMs,
        requestTimeout: httpLimits.requestMs,
        connectionsCheckingInterval: 500,
        keepAliveTimeout: httpLimits.keepAliveMs,
        insecureHTTPParser: false,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = httpLimits.connections;
    this.#server.maxRequestsPerSocket = httpLimits.requestsPerConnection;
    this.#server.maxHeadersCount = 100;
    this.#server.setTimeout(httpLimits.idleMs);
    this.#server.on("clientError", answerBroken);
    // Without these Node would say 100 Continue, and hand the raw connection on.
    this.#server.on("checkContinue", (_, response: ServerResponse) => send(response, noBody, true));
    this.#server.on("checkExpectation", (_, response: ServerResponse) => send(response, noBody, true));
  }

  /** @returns the URL that leads here @throws CannotRun when the address cannot be had */
  async open(): Promise<string> {
    const { listen } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(listen, error)));
      this.#server.listen({ host: listen.host, port: listen.port, exclusive: true }, resolve);
    });
    this.#server.removeAllListeners("error");
    // EMFILE while accepting: the next one may be accepted again.
    this.#server.on("error", this.#options.onError);
    const { port } = this.#server.address() as AddressInfo;
    return `http://${formatListen({ host: listen.host, port })}`;
  }

  /** Answers what is being answered, for as long as is given, and takes nobody else. */
  async close(patienceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const insist = setTimeout(() => this.#server.closeAllConnections(), patienceMs);
    await closed;
    clearTimeout(insist);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that is cut off while it sends or reads is its own business.
    request.on("error", () => {});
    response.on("error", () => {});
    const refused = this.#refuse(request);
    if (refused !== undefined) {
      // What may still come on this connection is not read.
      send(response, refused, true);
      return;
    }
    request.resume();
    try {
      const path = pathOf(request);
      const page = Object.hasOwn(this.#options.pages, path) ? this.#options.pages[path] : undefined;
      send(response, page === undefined ? this.#unknown() : await page(request), false);
    } catch (error) {
      this.#options.onError(error);
      if (!response.headersSent) send(response, refusal(500, "something went wrong inside; the log says what"), true);
    }
  }

  #refuse(request: IncomingMessage): Answer | undefined {
    const { method, url = "", headers } = request;
    if (method !== "GET" && method !== "HEAD") {
      return refusal(405, "only GET and HEAD: nothing can be changed here", { Allow: "GET, HEAD" });
    }
    if (url.length > httpLimits.pathCharacters) return refusal(414, "this path is too long");
    if (!url.startsWith("/")) return refusal(400, "a path begins with /");
    if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0) return noBody;
    if (this.#onlyLoopback && !isForLoopback(headers.host ?? "")) {
      return refusal(403, "this server is for localhost and 127.0.0.1, and the Host header names another");
    }
    return undefined;
  }

  #unknown(): Answer {
    return refusal(404, `there is only ${Object.keys(this.#options.pages).join(", ")}`);
  }
}

const noBody = refusal(413, "a request here has no body");

const pathOf = ({ url = "" }: IncomingMessage) => url.split("?", 1)[0] ?? "";

function send(response: ServerResponse, { status, type, body, headers }: Answer, isLast: boolean): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...alwaysSent,
    ...headers,
    ...(isLast ? { Connection: "close" } : {}),
    "Content-Type": type,
    "Content-Length": bytes.length,
  });
  const insist = setTimeout(() => response.destroy(), httpLimits.answerMs);
  response.once("close", () => clearTimeout(insist));
  response.end(bytes);
}

const brokenRequests: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** What is no HTTP, too long, or too slow. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const status = brokenRequests[error.code ?? ""] ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

const reasons: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: ["something listens there already", "end it, or name another address with --listen"],
  EACCES: ["ports below 1024 are for root", "name a higher port with --listen"],
  EADDRNOTAVAIL: ["this machine does not have that address", "ip address shows those it has"],
  ENOTFOUND: ["no such host", "name an address of this machine with --listen"],
};

function cannotListen(listen: ListenAddress, error: NodeJS.ErrnoException): CannotRun {
  const [reason, remedy] = reasons[error.code ?? ""] ?? [error.message, "name another address with --listen"];
  return new CannotRun(`cannot listen at ${formatListen(listen)}: ${reason}`, remedy, { cause: error });
}
