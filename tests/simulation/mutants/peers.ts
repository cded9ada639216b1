/** The mutants of who the peers are: those that come and go, and groups of them. */

import type { Mutant } from "./list.ts";

/** All of them. */
export const PEER_MUTANTS: readonly Mutant[] = [
  // Peers that come and go.
  {
    name: "a peer that left is dialled again",
    file: "core/link/link.ts",
    find: "if (isLeaving) this.#actions.giveDialUp(this.#dial.turnOff());",
    replace: "",
    by: "tests/core/link_leave_test.ts",
  },
  {
    name: "a peer that left is admitted",
    file: "core/link/link_state.ts",
    find: 'if (state.kind === "left" || (isLeaving',
    replace: "if ((isLeaving",
    by: "tests/core/link_leave_test.ts",
  },
  {
    name: "a peer that left takes its session along",
    file: "core/link/outcome.ts",
    find: '  code: "undefined-peer",\n  endsSession: false,\n',
    replace: '  code: "undefined-peer",\n  endsSession: true,\n',
    by: "tests/core/link_leave_test.ts",
  },
  {
    name: "a peer that came back is still taken for closing",
    file: "core/link/link.ts",
    find: '      this.#actions.add({ kind: "release" });\n',
    replace: "",
    by: "tests/core/link_leave_test.ts",
  },
  {
    name: "a stranger is dialled as often as a peer",
    file: "core/link/dial_policy.ts",
    find: 'code === "unknown-peer" || ',
    replace: "",
    by: "tests/endpoint/set_peers_test.ts",
  },
  {
    name: "one process under two names has two sessions",
    file: "connection/peer_set.ts",
    find: "if (other === link || other.sessionBootId !== remote.bootId) continue;",
    replace: "if (other !== null) continue;",
    by: "tests/endpoint/set_peers_test.ts",
  },
  {
    name: "a peer that moved is dialled when the old connection has gone",
    file: "connection/link_driver.ts",
    find: '    this.#tell({ kind: "moved" });\n    return true;\n',
    replace: "    return true;\n",
    by: "tests/endpoint/set_peers_test.ts",
  },
  // Groups.
  {
    name: "failures count for nothing",
    file: "groups/choice.ts",
    find: "    if (this.#value === 0) return 0;\n",
    replace: "    if (this.#value >= 0) return 0;\n",
    by: "tests/groups/choice_test.ts",
  },
  {
    name: "the first of two is taken, whatever it has to do",
    file: "groups/choice.ts",
    find: "  return difference < 0 ? one : other;\n",
    replace: "  return one;\n",
    by: "tests/groups/choice_test.ts",
  },
  {
    name: "what others have open at a member counts for nothing",
    file: "groups/link_member.ts",
    find: 'this.#told = typeof calls === "number" && calls >= 0 ? calls : 0;',
    replace: "this.#told = 0 * Number(calls);",
    by: "tests/groups/group_test.ts",
  },
  {
    name: "a member tells of all that others have open, to each of them",
    file: "calls/load.ts",
    find: "callers === 0 ? 0 : calls / callers",
    replace: "callers === 0 ? 0 : calls",
    by: "tests/groups/group_test.ts",
  },
  {
    name: "keys are for places in the list while members come and go",
    file: "groups/choice.ts",
    find: "  const keyHash = hashOf(key);\n",
    replace: "  const keyHash = hashOf(key);\n  const list = [...members];\n" +
      "  if (list.length > 0) return list[keyHash % list.length]!;\n",
    by: "changing",
  },
  {
    name: "whoever is leaving is called by whoever asks",
    file: "connection/peer_set.ts",
    find: "(isNested ? this.#leaving.get(name)?.link : undefined)",
    replace: "this.#leaving.get(name)?.link",
    by: "changing",
  },
  {
    name: "whoever is new in a list is not dialled",
    file: "connection/peer_set.ts",
    find: "for (const name of added) this.#listed.get(name)!.start();",
    replace: "for (const name of added.slice(1)) this.#listed.get(name)!.start();",
    by: "changing",
  },
  {
    name: "a process that is gone has failed",
    file: "groups/group.ts",
    find: "if (!GONE.has(error.code)) this.#failed(member);",
    replace: "this.#failed(member);",
    by: "tests/groups/group_test.ts",
  },
  {
    name: "a call before the first list is for nobody",
    file: "calls/peer_lists.ts",
    find: "return this.#following !== null && !this.#hasList && !this.#hasEnded;",
    replace: "return this.#following === null && !this.#hasList && !this.#hasEnded;",
    by: "tests/endpoint/discovery_test.ts",
  },
  {
    name: "a call waits for a list that never comes",
    file: "calls/peer_lists.ts",
    find: "return this.#following !== null && !this.#hasList && !this.#hasEnded;",
    replace: "return this.#following !== null && !this.#hasList;",
    by: "tests/endpoint/discovery_test.ts",
  },
  {
    name: "a key is for a place in the list, and not for a member",
    file: "groups/choice.ts",
    find: "    const mark = mix(keyHash ^ member.nameHash);\n",
    replace: "    const mark = mix(keyHash ^ Array.from(members).indexOf(member));\n",
    by: "tests/groups/choice_test.ts",
  },
  {
    name: "what may have been executed goes to another member",
    file: "groups/group.ts",
    find: '  return movesWritten && delivery === "maybe-executed" && GONE.has(code);\n',
    replace: '  return delivery === "maybe-executed" && GONE.has(code);\n',
    by: "tests/groups/group_test.ts",
  },
  {
    name: "a call waits for a member that is away",
    file: "connection/outbox.ts",
    find: "    this.#failMoving(true);\n",
    replace: "",
    by: "tests/groups/group_test.ts",
  },
  {
    name: "a rule lets in whom it does not want",
    file: "connection/connection_manager.ts",
    find: "      if (answer === true) return {};\n",
    replace: "      if (answer !== null) return {};\n",
    by: "tests/endpoint/admit_test.ts",
  },
  {
    name: "whoever was let in is dialled",
    file: "connection/peer_set.ts",
    find: "    link.start(true);\n",
    replace: "    link.start();\n",
    by: "tests/endpoint/admit_test.ts",
  },
];
