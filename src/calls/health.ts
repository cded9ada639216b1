/**
 * Whether an endpoint is well, for whoever starts and stops processes.
 *
 * @module
 */

import type { ConnectionManager } from "../connection/connection_manager.ts";
import { Problems } from "../options/problems.ts";

/** What is asked for beside the endpoint itself. */
export interface HealthOptions {
  /** Groups of which a member must take calls before the endpoint is ready. None by default. */
  readonly groups?: readonly string[];
}

/** How well an endpoint is. */
export interface Health {
  /** Whether it can go on; where it cannot (it is closed, or fenced), only a new process helps. */
  readonly live: boolean;
  /** Whether it takes calls: handlers are registered, it is not closing, groups are reachable. */
  readonly ready: boolean;
  /** Why it is not live or not ready, for people; empty where it is. */
  readonly reasons: readonly string[];
}

/** How it stands with the endpoint itself. */
export interface EndpointState {
  readonly isClosed: boolean;
  readonly isClosing: boolean;
  readonly isStarting: boolean;
}

/** @throws {ConfigurationError} `invalid-options`. */
export function healthOf(
  { isClosed, isClosing, isStarting }: EndpointState,
  manager: ConnectionManager,
  options: HealthOptions,
): Health {
  checkHealthOptions(options);
  const reasons: string[] = [];
  if (manager.fenced !== null) reasons.push(`another process has this name (${manager.fenced})`);
  if (isClosed) reasons.push("it is closed");
  const live = reasons.length === 0;
  if (live && isClosing) reasons.push("it is closing");
  if (live && isStarting) reasons.push("it is starting: ready() has not been called");
  for (const group of live ? options.groups ?? [] : []) {
    const members = manager.membersOf(group);
    if (members.some(({ takesCalls }) => takesCalls)) continue;
    reasons.push(
      members.length === 0
        ? `group '${group}' has no member`
        : `no member of group '${group}' takes calls`,
    );
  }
  return { live, ready: reasons.length === 0, reasons };
}

function checkHealthOptions(options: unknown): void {
  const problems = new Problems();
  if (problems.object("options", options, 'an object such as { groups: ["stock"] }')) {
    problems.keys("options.", options, ["groups"]);
    const { groups } = options;
    const isList = Array.isArray(groups) && groups.every((group) => typeof group === "string");
    if (groups !== undefined && !isList) problems.add("options.groups", "names of groups", groups);
  }
  problems.check();
}
