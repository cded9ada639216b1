/**
 * Who the peers are, from now on: lists that are handed over, and those that a discovery tells.
 *
 * @module
 */

import type { ConnectionManager } from "../connection/connection_manager.ts";
import { TimerTask } from "../connection/timer_task.ts";
import { expectedPlaceOf, peerNameOf, placeOf } from "../core/link/peer_name.ts";
import type { EventBody } from "../events.ts";
import type { PeerDefinition, PeerDiscovery } from "../options.ts";
import { checkDefinitions } from "../options/definitions.ts";
import { Problems } from "../options/problems.ts";
import type { Changes } from "./changes.ts";
import type { DiscoveryHost, Following } from "../discovery/following.ts";

/** The lists of one endpoint. */
export class PeerLists implements DiscoveryHost {
  readonly #manager: ConnectionManager;
  readonly #drainMs: number;
  readonly #changes: Changes;
  readonly #emit: (event: EventBody) => void;
  #following: Following | null = null;
  #hasList = false;
  /** Whether the discovery tells nothing any more. */
  #hasEnded = false;
  #isStopped = false;

  /** @param drainMs How long what is open with a peer that leaves may take, in milliseconds. */
  constructor(
    manager: ConnectionManager,
    drainMs: number,
    changes: Changes,
    emit: (event: EventBody) => void,
  ) {
    this.#manager = manager;
    this.#changes = changes;
    this.#drainMs = drainMs;
    this.#emit = emit;
  }

  /** Takes a list. @throws {ConfigurationError} `invalid-options`; nothing has changed then. */
  set(list: unknown): void {
    const problems = new Problems();
    const definitions = checkDefinitions(problems, "peers", list);
    const { name } = this.#manager.context.self;
    for (const [index, definition] of definitions.entries()) {
      if (definition.name !== name) continue;
      problems.list.push(`peers[${index}].name: '${name}' is this endpoint's own name`);
    }
    problems.check();
    this.#change(definitions);
  }

  /** Takes what a discovery tells, until `stop`. */
  async follow(discovery: PeerDiscovery): Promise<void> {
    const { Following } = await import("../discovery/following.ts");
    if (this.#isStopped) return;
    this.#following = new Following(discovery, this);
    void this.#following.run().then(() => {
      this.#hasEnded = true;
      this.#changes.tell();
    });
  }

  /** Whether there is no list yet, and a discovery that may tell one. */
  get isAwaited(): boolean {
    return this.#following !== null && !this.#hasList && !this.#hasEnded;
  }

  /** No list comes any more. */
  stop(): void {
    this.#isStopped = true;
    this.#following?.stop();
  }

  // What a discovery asks for.

  take(list: readonly PeerDefinition[]): void {
    const problems = new Problems();
    const definitions = checkDefinitions(problems, "peers", list);
    problems.check();
    // A directory has them all, this endpoint too; alone in it, it may have come back empty.
    const others = definitions.filter((definition) => !this.#isOwn(definition));
    if (others.length > 0) this.#change(others);
  }

  failed(detail: string, error: unknown, retryInMs: number | null): void {
    this.#emit({
      type: "discovery-failed",
      peer: null,
      remoteAddress: null,
      detail,
      error,
      retryInMs,
    });
  }

  sleep(ms: number): Promise<void> {
    const { timers } = this.#manager.context;
    return new Promise((resolve) => timers.add(new TimerTask(() => resolve()), ms));
  }

  random(): number {
    return this.#manager.context.runtime.random.float();
  }

  #isOwn(definition: PeerDefinition): boolean {
    const { self } = this.#manager.context;
    return peerNameOf(definition) === self.name || expectedPlaceOf(definition) === placeOf(self);
  }

  #change(definitions: readonly PeerDefinition[]): void {
    const changes = this.#manager.setPeers(definitions, this.#drainMs);
    if (definitions.length > 0) this.#hasList = true;
    const { added, removed, moved } = changes;
    if (added.length + removed.length + moved.length === 0) return;
    this.#emit({ type: "peers-changed", peer: null, remoteAddress: null, ...changes });
  }
}
