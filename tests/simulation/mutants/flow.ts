/** The mutants of flow: places, credit, room. See `list.ts`. */

import type { Mutant } from "./list.ts";

/** All of them. */
export const FLOW_MUTANTS: readonly Mutant[] = [
  {
    name: "a call is announced without a place",
    file: "core/flow/backlog.ts",
    find: "return queue.size > 0 && !this.isClosing && places.hasPlace(0) ? queue : null;",
    replace: "return queue.size > 0 && !this.isClosing ? queue : null;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "acknowledgements wait for handlers",
    file: "core/session/session.ts",
    find: "return this.isRetained && this.#received > this.#acknowledgedByUs;",
    replace:
      "return this.isRetained && this.#received > this.#acknowledgedByUs && this.notificationCount === 0;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a notification needs no credit",
    file: "core/flow/notification_flow.ts",
    find: "if (next === null || this.#large !== null || credit.notifications === 0) return false;",
    replace: "if (next === null || this.#large !== null) return false;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a notification passes a large one",
    file: "core/flow/notification_flow.ts",
    find: "if (next === null || this.#large !== null || credit.notifications === 0) return false;",
    replace: "if (next === null || credit.notifications === 0) return false;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "room is granted that is not there",
    file: "core/flow/room.ts",
    find: "      if (length > this.#freeBytes) return;\n",
    replace: "",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "one session takes all the room",
    file: "core/flow/room.ts",
    find: "      if (!account.mayHold(length, this.#freeBytes)) continue;\n",
    replace: "",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "what waits for room is overtaken",
    file: "core/flow/room.ts",
    find: "      if (length > this.#freeBytes) return;\n",
    replace: "      if (length > this.#freeBytes) continue;\n",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "no deadline takes the room of a request back",
    file: "core/session/inbound_calls.ts",
    find: "this.host.timers.add(waiting, Math.max(0, Math.min(leftMs, assemblyTimeoutMs)));",
    replace: "void [leftMs, assemblyTimeoutMs];",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "no deadline takes the room of an answer back",
    file: "core/session/outbound_calls.ts",
    find: "    this.#calls.host.timers.add(this, this.#calls.host.assemblyTimeoutMs);\n",
    replace: "",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a cancel keeps the room of a request",
    file: "core/session/waiting_call.ts",
    find: "this.#calls.giveBack(assembly === null ? heldBytes : assembly.settle());",
    replace: "this.#calls.giveBack(heldBytes);",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "the callee is deaf to a cancel while its answer waits for room",
    file: "core/flow/outgoing.ts",
    find: 'if (code === "cancelled") this.#owner?.handleReplyLate(this);',
    replace: "void code;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "the caller forgets the room of an answer that it cancels",
    file: "core/session/outbound_calls.ts",
    find: "    else this.#assembly.settle();\n",
    replace: "",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a request that would not be started is granted room",
    file: "core/session/waiting_call.ts",
    find: "    return this.#calls.isReady;\n",
    replace: "    return true;\n",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a place is free while its answer waits for room",
    file: "core/session/inbound_calls.ts",
    find: "    (this.#asking ??= new Set()).add(reply);\n",
    replace: "    (this.#asking ??= new Set()).add(reply);\n    this.#openCount--;\n",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a late answer keeps its place",
    file: "core/session/inbound_calls.ts",
    find: "    if (reply.error !== null) return;\n",
    replace: "    if (reply.error !== null || reply.payload.length > 0) return;\n",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "START forgets that this end is closing",
    file: "connection/connection.ts",
    find: "startFrame(session.startSending(), session.isClosing)",
    replace: "startFrame(session.startSending(), false)",
    by: "tests/endpoint/flow_test.ts",
  },
  {
    name: "a closing end is deaf to deeper calls",
    file: "core/flow/backlog.ts",
    find: "if (queue !== null && queue.size > 0 && places.hasPlace(depth)) return queue;",
    replace:
      "if (queue !== null && queue.size > 0 && !this.isClosing && places.hasPlace(depth)) return queue;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "depth has no places of its own",
    file: "core/flow/places.ts",
    find: "if (this.#open >= this.#limit + depth) return false;",
    replace: "if (this.#open >= this.#limit) return false;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a client's calls have the depth that they say",
    file: "core/session/message_dispatch.ts",
    find: 'const level = this.#role === "client" ? 0 : depth;',
    replace: "const level = depth;",
    by: "tests/core/flow_test.ts",
  },
  {
    name: "credit comes back only when all of it is spent",
    file: "core/flow/credit.ts",
    find: "this.#gathered >= this.#promised >> 1;",
    replace: "this.#gathered >= this.#promised;",
    by: "tests/core/flow_test.ts",
  },
];
