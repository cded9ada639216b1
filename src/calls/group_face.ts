/**
 * A group as an endpoint hands it out. What chooses among its members is loaded with the first call.
 *
 * @module
 */

import type { ConnectionManager } from "../connection/connection_manager.ts";
import type { LinkDriver } from "../connection/link_driver.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import type { RequestError } from "../errors.ts";
import type { Failures } from "../groups/choice.ts";
import type { Group as Chooser } from "../groups/group.ts";
import type {
  GroupNotifyOptions,
  GroupRequestOptions,
  NotifyOptions,
  RequestOptions,
} from "../options.ts";
import type { Caller } from "./caller.ts";
import type { Changes } from "./changes.ts";
import { LOAD_SERVICE } from "./contract.ts";
import type { ToldLoad } from "./load.ts";
import { checkGroupOptions, checkServiceName, NO_OPTIONS } from "../options/call_options.ts";

/** A member of a group. */
export interface GroupMember {
  readonly name: string;
  /** Whether it takes calls now. */
  readonly takesCalls: boolean;
  readonly nameHash: number;
  readonly failures: Failures;
  /** Calls that it was given, and those of them that failed there. */
  calls: number;
  failedCalls: number;
  load(nowMs: number): number;
}

/** What a group asks of its endpoint. */
export interface GroupHost {
  readonly requestTimeoutMs: number;
  nowMs(): number;
  random(): number;
  membersOf(group: string): Iterable<GroupMember>;
  request(
    peer: string,
    service: string,
    payload: unknown,
    options: RequestOptions,
  ): Promise<unknown>;
  notify(peer: string, service: string, payload: unknown, options: NotifyOptions): Promise<void>;
  readonly changes: Changes;
}

/** How it stands with one member of a group. */
export interface GroupMemberRow extends PeerRow {
  /** Calls that the group has given it. */
  readonly calls: number;
  /** Those of them that it answered with an error, or did not take. */
  readonly failedCalls: number;
}

/** What `notifyAll` has come to. */
export interface GroupNotified {
  /** The members whose queue has taken it. */
  readonly taken: readonly string[];
  /** Why others have not; `error.peer` is the member. */
  readonly failed: readonly RequestError[];
}

/** How long an answer of how much a member has to do is worth waiting for, in milliseconds. */
const LOAD_TIMEOUT_MS = 1_000;

type Loaded = typeof import("../groups/mod.ts");

/** The groups of one endpoint. */
export class Groups implements GroupHost {
  readonly requestTimeoutMs: number;
  readonly changes: Changes;
  readonly #manager: ConnectionManager;
  readonly #caller: Caller;
  readonly #faces = new Map<string, GroupFace>();
  readonly #members = new WeakMap<LinkDriver, GroupMember>();
  #loaded: Loaded | null = null;
  #loading: Promise<Loaded> | null = null;

  constructor(
    manager: ConnectionManager,
    caller: Caller,
    requestTimeoutMs: number,
    changes: Changes,
  ) {
    this.#manager = manager;
    this.#caller = caller;
    this.requestTimeoutMs = requestTimeoutMs;
    this.changes = changes;
  }

  /** The group of that name, whoever its members are. */
  group(name: string): GroupFace {
    let face = this.#faces.get(name);
    if (face === undefined) {
      face = new GroupFace(name, () => this.rows(name), (use) => this.#use(name, use));
      this.#faces.set(name, face);
    }
    return face;
  }

  /** Where groups are defined from the start, so that the first call need not wait for it. */
  async load(): Promise<Loaded> {
    this.#loading ??= import("../groups/mod.ts");
    this.#loaded = await this.#loading;
    return this.#loaded;
  }

  /** How it stands with the members of a group. */
  rows(group: string): GroupMemberRow[] {
    return this.#manager.membersOf(group).map((link) => {
      const { calls = 0, failedCalls = 0 } = this.#members.get(link) ?? {};
      return { ...link.describe(), calls, failedCalls };
    });
  }

  // What a group asks for.

  nowMs(): number {
    return this.#manager.context.timers.nowMs();
  }

  readonly random = (): number => this.#manager.context.runtime.random.float();

  *membersOf(group: string): Iterable<GroupMember> {
    for (const link of this.#manager.membersOf(group)) yield this.#memberOf(link);
  }

  request(peer: string, service: string, payload: unknown, options: RequestOptions) {
    return this.#caller.request(peer, service, payload, options);
  }

  notify(peer: string, service: string, payload: unknown, options: NotifyOptions) {
    return this.#caller.notify(peer, service, payload, options);
  }

  /** What a member has to do for others. */
  async #askLoad({ name }: LinkDriver): Promise<ToldLoad> {
    const options = { whenDown: "fail", whenFull: "fail", timeoutMs: LOAD_TIMEOUT_MS } as const;
    return await this.#caller.request<ToldLoad>(name, LOAD_SERVICE, undefined, options);
  }

  #memberOf(link: LinkDriver): GroupMember {
    let member = this.#members.get(link);
    if (member === undefined) {
      member = new this.#loaded!.LinkMember(link, () => this.#askLoad(link));
      this.#members.set(link, member);
    }
    return member;
  }

  async #use<Result>(name: string, use: (group: Chooser) => Promise<Result>): Promise<Result> {
    const loaded = this.#loaded ?? await this.load();
    return await use(new loaded.Group(name, this));
  }
}

/** The calls to one group. */
export class GroupFace {
  readonly name: string;
  readonly #rows: () => GroupMemberRow[];
  readonly #use: <Result>(use: (group: Chooser) => Promise<Result>) => Promise<Result>;

  constructor(
    name: string,
    rows: () => GroupMemberRow[],
    use: <Result>(use: (group: Chooser) => Promise<Result>) => Promise<Result>,
  ) {
    this.name = name;
    this.#rows = rows;
    this.#use = use;
  }

  async request(
    service: string,
    payload?: unknown,
    options: GroupRequestOptions = NO_OPTIONS,
  ): Promise<unknown> {
    checkCall(service, options, true);
    return await this.#use((group) => group.request(service, payload, options));
  }

  async notify(
    service: string,
    payload?: unknown,
    options: GroupNotifyOptions = NO_OPTIONS,
  ): Promise<void> {
    checkCall(service, options, false);
    await this.#use((group) => group.notify(service, payload, options));
  }

  async notifyAll(
    service: string,
    payload?: unknown,
    options: GroupNotifyOptions = NO_OPTIONS,
  ): Promise<GroupNotified> {
    checkCall(service, options, false);
    return await this.#use((group) => group.notifyAll(service, payload, options));
  }

  members(): GroupMemberRow[] {
    return this.#rows();
  }
}

function checkCall(service: string, options: GroupRequestOptions, isRequest: boolean): void {
  checkServiceName(service);
  checkGroupOptions(options, isRequest);
}
