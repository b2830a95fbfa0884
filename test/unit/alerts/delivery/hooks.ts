/** A receiver of webhooks: a real server on loopback that answers as the test says. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class Hooks {
  readonly requests: Request[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param answer what to do with the number-th request, from 1; left out: 200 */
  static async open(
    answer: (response: ServerResponse, number: number, socket: Socket) => void = (response) => response.end("ok"),
    port = 0,
  ): Promise<Hooks> {
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        const { url = "", method = "", headers } = request;
        hooks.requests.push({ url, method, headers, body });
        answer(response, hooks.requests.length, request.socket);
      });
    });
    const hooks = new Hooks(server);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return hooks;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get bodies(): { rule: string; status: string }[] {
    return this.requests.map(({ body }) => JSON.parse(body) as { rule: string; status: string });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const hooks = await Hooks.open();
  const { port } = hooks;
  await hooks.close();
  return port;
}
