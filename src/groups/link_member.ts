/**
 * A link as a member of a group.
 *
 * @module
 */

import type { GroupMember } from "../calls/group_face.ts";
import type { LinkDriver } from "../connection/link_driver.ts";
import { Failures, hashOf } from "./choice.ts";

/** The member; it lives as long as its link. */
export class LinkMember implements GroupMember {
  readonly nameHash: number;
  readonly failures: Failures = new Failures();
  calls = 0;
  failedCalls = 0;
  readonly #link: LinkDriver;

  constructor(link: LinkDriver) {
    this.#link = link;
    this.nameHash = hashOf(link.name);
  }

  get name(): string {
    return this.#link.name;
  }

  get takesCalls(): boolean {
    return this.#link.takesCalls;
  }

  load(nowMs: number): number {
    return this.#link.openCount + this.failures.weight(nowMs);
  }
}
