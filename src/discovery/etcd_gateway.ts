/**
 * As much of etcd as a discovery needs, through its HTTP gateway.
 *
 * @module
 */

/** A key and its value, and how it stands with them. */
export interface EtcdEntry {
  readonly key: string;
  /** `null`: it was deleted. */
  readonly value: string | null;
}

/** What etcd told, with the revision of the store at that time. */
export interface EtcdList {
  readonly entries: readonly EtcdEntry[];
  readonly revision: number;
}

/** A watch was cut as what it asked for has been compacted away. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
}

/** How long a question may take, in milliseconds. */
const QUESTION_TIMEOUT_MS = 5_000;

const encoder = new TextEncoder();

/** One etcd, by any of its addresses. */
export class EtcdGateway {
  readonly #endpoints: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  #index = 0;

  /** @param endpoints Such as `http://127.0.0.1:2379`; another one is taken when one fails. */
  constructor(endpoints: readonly string[], headers: Readonly<Record<string, string>>) {
    this.#endpoints = endpoints;
    this.#headers = headers;
  }

  /** All keys that begin with a prefix. */
  async list(prefix: string, signal: AbortSignal): Promise<EtcdList> {
    const answer = await this.#ask("kv/range", rangeOf(prefix), signal) as RangeAnswer;
    return {
      entries: (answer.kvs ?? []).map(entryOf),
      revision: Number(answer.header.revision),
    };
  }

  /** A lease. @returns Its id. */
  async grant(ttlMs: number, signal: AbortSignal): Promise<string> {
    const TTL = Math.max(1, Math.ceil(ttlMs / 1_000));
    const { ID } = await this.#ask("lease/grant", { TTL }, signal) as { ID: string };
    return ID;
  }

  /** Writes a key that goes with its lease. */
  async put(key: string, value: string, lease: string, signal: AbortSignal): Promise<void> {
    await this.#ask("kv/put", { key: toBase64(key), value: toBase64(value), lease }, signal);
  }

  /** Keeps a lease. @returns Whether it was still there. */
  async keepAlive(lease: string, signal: AbortSignal): Promise<boolean> {
    const { result } = await this.#ask("lease/keepalive", { ID: lease }, signal) as {
      result?: { TTL?: string };
    };
    return Number(result?.TTL ?? 0) > 0;
  }

  /** Gives a lease back: its keys are deleted. */
  async revoke(lease: string): Promise<void> {
    await this.#ask("lease/revoke", { ID: lease }, AbortSignal.timeout(QUESTION_TIMEOUT_MS));
  }

  /**
   * Calls back for what changes below a prefix, from a revision on; resolves when the stream ends.
   *
   * @throws {CompactedError} What came before is gone: list anew.
   */
  async watch(
    prefix: string,
    revision: number,
    signal: AbortSignal,
    changed: (entries: readonly EtcdEntry[]) => void,
  ): Promise<void> {
    const asked = { ...rangeOf(prefix), "start_revision": String(revision) };
    const response = await this.#send("watch", { "create_request": asked }, signal);
    for await (const line of linesOf(response.body!)) {
      const { result, error } = JSON.parse(line) as WatchAnswer;
      if (error !== undefined) throw new Error(`etcd: the watch failed: ${error.message ?? ""}`);
      if (result?.canceled === true) {
        const text = `etcd: the watch was ended: ${result["cancel_reason"] ?? ""}`;
        throw result["compact_revision"] === undefined ? new Error(text) : new CompactedError(text);
      }
      const entries = (result?.events ?? []).map(({ type, kv }) =>
        type === "DELETE" ? { key: fromBase64(kv.key), value: null } : entryOf(kv)
      );
      if (entries.length > 0) changed(entries);
    }
  }

  async #ask(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(QUESTION_TIMEOUT_MS)]);
    return await (await this.#send(path, body, inTime)).json();
  }

  async #send(path: string, body: object, signal: AbortSignal): Promise<Response> {
    const endpoint = this.#endpoints[this.#index % this.#endpoints.length]!;
    try {
      const response = await fetch(`${endpoint.replace(/\/$/, "")}/v3/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...this.#headers },
        body: JSON.stringify(body),
        signal,
      });
      if (response.ok) return response;
      const text = (await response.text()).slice(0, 300);
      throw new Error(`etcd: ${path} was answered with ${response.status}: ${text}`);
    } catch (error) {
      this.#index++;
      throw error;
    }
  }
}

interface Pair {
  readonly key: string;
  readonly value?: string;
}

interface RangeAnswer {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly Pair[];
}

interface WatchAnswer {
  readonly result?: {
    readonly canceled?: boolean;
    readonly "cancel_reason"?: string;
    readonly "compact_revision"?: string;
    readonly events?: readonly { readonly type?: string; readonly kv: Pair }[];
  };
  readonly error?: { readonly message?: string };
}

function entryOf({ key, value = "" }: Pair): EtcdEntry {
  return { key: fromBase64(key), value: fromBase64(value) };
}

/** All keys from the prefix to the first one that is greater than all that begin with it. */
function rangeOf(prefix: string): object {
  const end = encoder.encode(prefix);
  end[end.length - 1]!++;
  return { key: toBase64(prefix), "range_end": bytesToBase64(end) };
}

function toBase64(text: string): string {
  return bytesToBase64(encoder.encode(text));
}

function bytesToBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
}
