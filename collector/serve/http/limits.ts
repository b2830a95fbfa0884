/**
 * What a client may ask for. Everything is bounded in size and in time, so that what anybody does here costs a fixed
 * amount of memory and never the collector's turn.
 */
export const httpLimits = {
  /** Connections at a time, more are closed at once. Prometheus needs one. */
  connections: 64,
  /** Bytes of request line and headers together: 431 beyond. */
  headerBytes: 8192,
  /** Characters of path and query: 414 beyond. */
  pathCharacters: 1024,
  /** For all headers to arrive, ms: 408 after. */
  headersMs: 5000,
  /** For the whole request, ms. */
  requestMs: 8000,
  /** Without a byte in either direction, ms. */
  idleMs: 10_000,
  /** Between two requests on one connection, ms; Prometheus connects again when it has to. */
  keepAliveMs: 20_000,
  /** For a client to take an answer, ms: one that does not, or reads a byte now and then, is cut off. */
  answerMs: 10_000,
  requestsPerConnection: 10_000,
} as const;
