/**
 * Calls to a group: whoever of its members can take one gets it, and what was not executed goes to
 * another member.
 *
 * | a call ended with | then |
 * | --- | --- |
 * | its answer, or an error of its handler | that is how it ends |
 * | `not-sent` or `not-executed` | another member gets it, within its deadline |
 * | `maybe-executed` as its process or path is gone | another member, if it is idempotent |
 * | its deadline, its signal, a payload that does not fit | that is how it ends |
 *
 * Source: docs/groups.md, "What moves".
 *
 * @module
 */

import { callError } from "../calls/call.ts";
import { MOVES } from "../calls/moves.ts";
import type { GroupHost, GroupMember } from "../calls/group_face.ts";
import { RequestError } from "../errors.ts";
import type { GroupNotifyOptions, GroupRequestOptions, RequestOptions } from "../options.ts";
import { chooseByKey, chooseByLoad } from "./choice.ts";

/** Codes that are the caller's own: no other member does better. */
const FINAL: ReadonlySet<string> = new Set([
  "timeout",
  "cancelled",
  "codec-failed",
  "codec-mismatch",
  "payload-too-large",
  "fenced",
]);

/** Codes that say that a process or its path is gone: nobody is to blame, and it is known. */
const GONE: ReadonlySet<string> = new Set([
  "peer-down",
  "peer-restarted",
  "undefined-peer",
  "closed",
  "session-lost",
]);

/** How long a call waits that no member took, before it asks them again, in milliseconds. */
const AGAIN_MIN_MS = 5;
const AGAIN_MAX_MS = 250;

/** How one attempt is made. */
type Attempt = (member: GroupMember, options: RequestOptions) => Promise<unknown>;

/** One group, as its callers see it. */
export class Group {
  readonly name: string;
  readonly #host: GroupHost;

  constructor(name: string, host: GroupHost) {
    this.name = name;
    this.#host = host;
  }

  /** See `Group.request` of the public face. */
  request(service: string, payload: unknown, options: GroupRequestOptions): Promise<unknown> {
    return this.#run(
      service,
      options,
      options.idempotent === true,
      (member, rest) => this.#host.request(member.name, service, payload, rest),
    );
  }

  /** See `Group.notify` of the public face. */
  async notify(service: string, payload: unknown, options: GroupNotifyOptions): Promise<void> {
    await this.#run(
      service,
      options,
      false,
      (member, rest) => this.#host.notify(member.name, service, payload, rest),
    );
  }

  /** See `Group.notifyAll` of the public face. */
  async notifyAll(
    service: string,
    payload: unknown,
    options: GroupNotifyOptions,
  ): Promise<{ taken: string[]; failed: RequestError[] }> {
    const { key: _, groupTimeoutMs: __, ...rest } = options;
    const names = Array.from(this.#host.membersOf(this.name), ({ name }) => name);
    const taken: string[] = [];
    const failed: RequestError[] = [];
    await Promise.all(names.map(async (name) => {
      try {
        await this.#host.notify(name, service, payload, rest);
        taken.push(name);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        failed.push(error);
      }
    }));
    return { taken: taken.sort(), failed };
  }

  async #run(
    service: string,
    options: GroupRequestOptions,
    movesWritten: boolean,
    attempt: Attempt,
  ): Promise<unknown> {
    const { key, groupTimeoutMs, ...rest } = options;
    const timeoutMs = rest.timeoutMs ?? this.#host.requestTimeoutMs;
    const deadlineMs = this.#host.nowMs() + timeoutMs;
    const tried = new Set<string>();
    let last: RequestError | null = null;
    let againMs = AGAIN_MIN_MS;
    /** Until when there may be no member. */
    let aloneUntilMs = groupTimeoutMs === undefined
      ? Infinity
      : this.#host.nowMs() + groupTimeoutMs;
    for (;;) {
      const member = this.#choose(key, tried);
      if (member === null) {
        const hasTried = tried.size > 0;
        // All of them say that they have no such service: waiting makes none.
        if (hasTried && last?.code === "unknown-service") throw last;
        const untilMs = Math.min(deadlineMs, hasTried ? Infinity : aloneUntilMs);
        await this.#wait(service, last, Math.min(againMs, untilMs - this.#host.nowMs()), rest);
        againMs = Math.min(2 * againMs, AGAIN_MAX_MS);
        tried.clear();
        const nowMs = this.#host.nowMs();
        if (nowMs >= deadlineMs) throw this.#error("timeout", service, last);
        if (!hasTried && nowMs >= aloneUntilMs) throw this.#error("peer-down", service, last);
        continue;
      }
      const leftMs = deadlineMs - this.#host.nowMs();
      if (leftMs <= 0) throw this.#error("timeout", service, last);
      try {
        member.calls++;
        return await attempt(member, {
          ...rest,
          timeoutMs: leftMs,
          whenDown: "fail",
          [MOVES]: true,
        } as RequestOptions);
      } catch (error) {
        if (!(error instanceof RequestError) || FINAL.has(error.code)) throw error;
        if (!GONE.has(error.code)) this.#failed(member);
        if (!mayMove(error, movesWritten)) throw error;
        tried.add(member.name);
        last = error;
        if (groupTimeoutMs !== undefined) aloneUntilMs = this.#host.nowMs() + groupTimeoutMs;
      }
    }
  }

  #choose(key: string | undefined, tried: ReadonlySet<string>): GroupMember | null {
    const live = this.#live(tried);
    if (key !== undefined) return chooseByKey(live, key);
    return chooseByLoad(live, this.#host.nowMs(), this.#host.random);
  }

  *#live(tried: ReadonlySet<string>): Iterable<GroupMember> {
    for (const member of this.#host.membersOf(this.name)) {
      if (member.takesCalls && !tried.has(member.name)) yield member;
    }
  }

  #failed(member: GroupMember): void {
    member.failedCalls++;
    member.failures.add(this.#host.nowMs());
  }

  /** Until a member may be there. @throws {RequestError} The caller has given up. */
  async #wait(
    service: string,
    last: RequestError | null,
    ms: number,
    { signal }: RequestOptions,
  ): Promise<void> {
    const reason = () => this.#error("cancelled", service, signal?.reason ?? last);
    if (signal?.aborted) throw reason();
    await this.#host.changes.wait(Math.max(0, ms), signal);
    if (signal?.aborted) throw reason();
  }

  #error(code: "timeout" | "peer-down" | "cancelled", service: string, cause: unknown) {
    const text = code === "cancelled" ? "" : `no member of '${this.name}' took it`;
    return callError(code, "not-sent", this.name, service, text, { cause: cause ?? undefined });
  }
}

function mayMove({ delivery, code }: RequestError, movesWritten: boolean): boolean {
  if (delivery === "not-sent" || delivery === "not-executed") return true;
  return movesWritten && delivery === "maybe-executed" && GONE.has(code);
}
