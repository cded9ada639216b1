/**
 * Endpoints on loopback for tests that need real sockets.
 */

import {
  type ConnectionRow,
  Endpoint,
  type EndpointEvent,
  type EndpointOptions,
  RequestError,
} from "../../mod.ts";

const WAIT_MS = 10_000;
/** Longer than any call of the tests may take, in milliseconds. */
const CALL_MS = 20_000;

/** Below those that a kernel gives to whoever dials. */
const PORTS = { first: 20_000, count: 12_000 } as const;

/** A port on which nobody listens, and that nobody is given who asks for any. */
export function freePort(): number {
  for (;;) {
    const port = PORTS.first + Math.floor(PORTS.count * Math.random());
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** The first of some ports in a row on which nobody listens. */
export function freePorts(count: number): number {
  for (;;) {
    const first = freePort();
    const listeners: Deno.Listener[] = [];
    try {
      for (let shift = 0; shift < count; shift++) {
        listeners.push(Deno.listen({ hostname: "127.0.0.1", port: first + shift }));
      }
      return first;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    } finally {
      for (const listener of listeners) listener.close();
    }
  }
}

/** An endpoint and what it reported. */
export class Watched implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly events: EndpointEvent[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    endpoint.on((event) => {
      this.events.push(event);
      for (const wake of this.#waiting) wake();
    });
  }

  static async start(options: EndpointOptions): Promise<Watched> {
    return new Watched(await Endpoint.start({ redialMinMs: 50, drainMs: 1_000, ...options }));
  }

  /** The first event that fits, past or to come. */
  async event<Type extends EndpointEvent["type"]>(
    type: Type,
    fits: (event: EndpointEvent & { readonly type: Type }) => boolean = () => true,
  ): Promise<EndpointEvent & { readonly type: Type }> {
    const find = () =>
      this.events.find((event) => event.type === type && fits(event as never)) as
        | (EndpointEvent & { readonly type: Type })
        | undefined;
    const found = find();
    if (found !== undefined) return found;
    let wake: () => void = () => {};
    const { promise, resolve, reject } = Promise.withResolvers<
      EndpointEvent & { readonly type: Type }
    >();
    const timer = setTimeout(() => {
      const seen = this.events.map((event) => event.type).join(", ");
      reject(new Error(`no event '${type}' in ${WAIT_MS} ms; seen: ${seen}`));
    }, WAIT_MS);
    wake = () => {
      const event = find();
      if (event !== undefined) resolve(event);
    };
    this.#waiting.add(wake);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    }
  }

  /** The rows that are used. */
  usable(): ConnectionRow[] {
    return this.endpoint.connections().filter(({ usable }) => usable);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.endpoint.close();
  }
}

/** Two endpoints that know each other, connected. */
export class EndpointPair implements AsyncDisposable {
  readonly left: Watched;
  readonly right: Watched;

  private constructor(left: Watched, right: Watched) {
    this.left = left;
    this.right = right;
  }

  /** @param options For both, or for each. */
  static async start(
    options: Partial<EndpointOptions> = {},
    rightOptions: Partial<EndpointOptions> = options,
  ): Promise<EndpointPair> {
    const [leftPort, rightPort] = [freePort(), freePort()];
    const left = await Watched.start({
      name: "SP10",
      listen: { port: leftPort },
      peers: [{ name: "SP20", hostname: "127.0.0.1", port: rightPort }],
      ...options,
    });
    const right = await Watched.start({
      name: "SP20",
      listen: { port: rightPort },
      peers: [{ name: "SP10", hostname: "127.0.0.1", port: leftPort }],
      ...rightOptions,
    });
    const pair = new EndpointPair(left, right);
    await Promise.all([left.event("connected"), right.event("connected")]);
    return pair;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.left.endpoint.close(), this.right.endpoint.close()]);
  }
}

/** The error with which a call ends; fails when it succeeds. */
export async function requestError(call: Promise<unknown>): Promise<RequestError> {
  let value: unknown;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end in ${CALL_MS} ms`)), CALL_MS);
  });
  try {
    value = await Promise.race([call, silence]);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`no error, but ${JSON.stringify(value)}`);
}
