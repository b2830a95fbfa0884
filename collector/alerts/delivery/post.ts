/** One POST of JSON, by Node's own fetch: TLS is checked, NODE_EXTRA_CA_CERTS is honoured, no proxy is used. */
import { safeJson } from "../../safeText.ts";
import { retryAfterMs } from "./backoff.ts";
import { urlMistake } from "./receiverFields.ts";
import { revealed, type SecretSource } from "./secret.ts";
import { Undeliverable } from "./undeliverable.ts";

export interface PostTarget {
  readonly url: SecretSource;
  readonly token: SecretSource | null;
  readonly timeoutMs: number;
}

/** About this notice and not about the receiver: the next one may be welcome. */
const finalStatuses: readonly number[] = [400, 413, 422];

/** @throws Undeliverable unless the answer is 2xx; whatever else it holds is neither read nor repeated */
export async function post(
  target: PostTarget,
  body: unknown,
  signal: AbortSignal,
  toUrl: (base: URL) => URL = (base) => base,
): Promise<void> {
  const [url, token] = await Promise.all([
    revealed(target.url, "url_file"),
    target.token === null ? null : revealed(target.token, "token_file"),
  ]);
  const wrong = urlMistake(url);
  if (wrong !== undefined) throw new Undeliverable(`url_file: what it holds is no URL that ${wrong}`);
  const limit = AbortSignal.timeout(target.timeoutMs);
  let response: Response;
  try {
    response = await fetch(toUrl(new URL(url)), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "secretscope",
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: safeJson(body),
      // A token must not go where a receiver points to.
      redirect: "manual",
      signal: AbortSignal.any([limit, signal]),
    });
  } catch (error) {
    if (limit.aborted) throw new Undeliverable(`no answer within ${target.timeoutMs / 1000} s`);
    throw new Undeliverable(signal.aborted ? "stopped before it answered" : `no connection: ${codeOf(error)}`);
  }
  // An endless answer is not waited for.
  void response.body?.cancel().catch(() => {});
  if (response.ok) return;
  const { status } = response;
  const redirected = status >= 300 && status < 400 ? "; redirects are not followed" : "";
  throw new Undeliverable(`answered ${status}${redirected}`, {
    isFinal: finalStatuses.includes(status),
    retryAfterMs: retryAfterMs(response.headers.get("retry-after"), Date.now()),
  });
}

/** ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED, HPE_INVALID_CONSTANT: a code, since messages hold addresses and more. */
function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    // Ports of mail, X11 and others, to which no page may send anything (fetch.spec.whatwg.org, "bad port").
    if (at.message === "bad port") return "this port is for another protocol, and fetch does not connect to it";
    if (typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code)) return code;
  }
  return "unknown reason";
}
