/**
 * The mutants: each takes one clause of the protocol back, or breaks it as another system did. They
 * are changes to the text of the source, made in a copy; the product carries no switch for them.
 */

import { CALL_MUTANTS } from "./calls.ts";
import { CHANNEL_MUTANTS } from "./channel.ts";
import { FLOW_MUTANTS } from "./flow.ts";
import { LINK_MUTANTS } from "./link.ts";
import { PEER_MUTANTS } from "./peers.ts";
import { STREAM_MUTANTS } from "./streams.ts";

/** One way to break the code. */
export interface Mutant {
  readonly name: string;
  /** The file below `src/`. */
  readonly file: string;
  /** What stands there, exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What must catch it: a file of tests, or a search. */
  readonly by:
    | `tests/${string}_test.ts`
    | "enumeration"
    | "swarm"
    | "cuts"
    | "crossings"
    | "changing"
    | "attacker";
}

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "the flight recorder keeps each answer of an idle link",
    file: "connection/flight_recorder.ts",
    find: 'return event.kind === "timeout" ||\n',
    replace: 'return event.kind === "timeout" || event.kind === "renew" &&\n',
    by: "tests/connection/flight_recorder_test.ts",
  },
  // What is written.
  {
    name: "a large turn goes out in one write",
    file: "connection/socket_writer.ts",
    find: "if (openCount <= 2 * this.#count) this.flush();",
    replace: "",
    by: "tests/connection/socket_writer_test.ts",
  },
  {
    name: "what is sent while it writes is written at once",
    file: "connection/socket_writer.ts",
    find: "this.#blocked || this.#stopped || this.#isFlushing",
    replace: "this.#blocked || this.#stopped",
    by: "tests/connection/socket_writer_test.ts",
  },
  {
    name: "an early write does not care how much the other end has to do",
    file: "connection/socket_writer.ts",
    find: "if (openCount <= 2 * this.#count) this.flush();",
    replace: "this.flush();",
    by: "tests/connection/socket_writer_test.ts",
  },
  {
    name: "an urgent acknowledgement always goes alone",
    file: "connection/socket_writer.ts",
    find: "    session.fill();\n    if (!session.ackIsUrgent) return;\n",
    replace: "",
    by: "tests/connection/socket_writer_test.ts",
  },
  {
    name: "an urgent acknowledgement waits for data",
    file: "connection/socket_writer.ts",
    find: "    if (!session.ackIsUrgent) return;\n    this.#control.push(",
    replace: "    return;\n    this.#control.push(",
    by: "tests/connection/socket_writer_test.ts",
  },
  // Metadata.
  {
    name: "metadata is read without a look at where its frame ends",
    file: "core/wire/message_reader.ts",
    find:
      '    if (from > end) return "malformed-frame";\n    const fault = this.#checkPayload(flags, bytes, from, end);\n    if (fault !== null) return fault;\n    const stated = (flags & FLAG_STATED) === 0 ? -1 : readU32(bytes, from);\n    return handler.onRequest(',
    replace:
      "    const fault = this.#checkPayload(flags, bytes, from, end);\n    if (fault !== null) return fault;\n    const stated = (flags & FLAG_STATED) === 0 ? -1 : readU32(bytes, from);\n    return handler.onRequest(",
    by: "tests/core/metadata_test.ts",
  },
  {
    name: "a name may stand twice in metadata",
    file: "core/wire/metadata.ts",
    find: "      if (name in metadata) return null;\n",
    replace: "",
    by: "tests/core/metadata_test.ts",
  },
  {
    name: "a payload is whole beside metadata for which its frame has no room",
    file: "core/flow/outgoing.ts",
    find: "  return metadata === null ? payload.length : payload.length + metadata.length;",
    replace: "  return payload.length;",
    by: "tests/core/metadata_test.ts",
  },
  // Which connection.
  {
    name: "the follower takes the last decision that it reads, whatever its number",
    file: "core/link/follower.ts",
    find: "if (current === null || claim.proposal > current.proposal) return this.#adopt(claim);",
    replace: "return this.#adopt(claim);",
    by: "enumeration",
  },
  {
    name: "a smaller number is adopted: the follower does not settle",
    file: "core/link/link_number.ts",
    find: "return Math.max(proposal, last + 1);",
    replace: "return proposal;",
    by: "enumeration",
  },
  {
    name: "the same process is judged by its ordinal",
    file: "core/link/arbiter.ts",
    find: "current === null || current.bootId === claim.bootId || claim",
    replace: "current === null || claim",
    by: "enumeration",
  },
  {
    name: "close before USEACK: the arbiter ends the older connections with its proposal",
    file: "core/link/arbiter.ts",
    find: `    return [{ kind: "propose", connection: claim.id, number }];`,
    replace: `    const older = this.#claims.all.filter((one) => one !== claim && isDecided(one));
    for (const one of older) this.#claims.delete(one.id);
    return [
      { kind: "propose", connection: claim.id, number },
      ...older.map((one) => ({ kind: "displace", connection: one.id }) as const),
    ];`,
    by: "enumeration",
  },
  {
    name: "any pong refuses a claimant (†)",
    file: "core/link/arbiter.ts",
    find: "      if (claimant.nonce > nonce) continue;\n",
    replace: "",
    by: "tests/core/link_test.ts",
  },
  {
    name: "the follower: any pong refuses a claimant (†)",
    file: "core/link/follower.ts",
    find: "      if (claimant.nonce > nonce) continue;\n",
    replace: "",
    by: "tests/core/field_test.ts",
  },
  {
    name: "another life is believed without a probe (†)",
    file: "core/link/follower.ts",
    find: "if (this.#sessionBootId === null || this.#sessionBootId === claim.bootId) {",
    replace: "if (this.#sessionBootId !== undefined) {",
    by: "enumeration",
  },
  {
    name: "another life with a higher ordinal is believed, though ordinals may fall",
    file: "core/link/follower.ts",
    find: "if (claim.rises && claim.ordinal > this.#sessionOrdinal) return",
    replace: "if (claim.ordinal > this.#sessionOrdinal) return",
    by: "tests/core/field_test.ts",
  },
  {
    name: "whether the ordinals of the session's life rise is not asked",
    file: "core/link/follower.ts",
    find: "this.#sessionOrdinal = claim.rises ? claim.ordinal : Infinity;",
    replace: "this.#sessionOrdinal = claim.ordinal;",
    by: "tests/core/field_test.ts",
  },
  {
    name: "ordinals are taken to rise, whatever HELLO says",
    file: "core/link/candidate.ts",
    find: "rises: ordinalRises,",
    replace: "rises: ordinalRises || true,",
    by: "enumeration",
  },
  {
    name: "who comes is compared with the connection in use and not with the session",
    file: "core/link/follower.ts",
    find: "if (claim.rises && claim.ordinal > this.#sessionOrdinal) return",
    replace: "if (claim.rises && claim.ordinal > (this.#current()?.ordinal ?? 0)) return",
    by: "tests/core/field_test.ts",
  },
  {
    name: "a later life is probed, though its ordinal says that it is later",
    file: "core/link/follower.ts",
    find:
      "    if (claim.rises && claim.ordinal > this.#sessionOrdinal) return this.#adopt(claim);\n",
    replace: "",
    by: "tests/core/field_test.ts",
  },
  {
    name: "the follower does not fall back when its connection dies (†)",
    file: "core/link/follower.ts",
    find: "if (wasCurrent) decisions.push(...this.#fallBack());",
    replace: "void wasCurrent;",
    by: "tests/core/field_test.ts",
  },
  {
    name: "the follower does not displace the old life's connections",
    file: "core/link/follower.ts",
    find: "if (other.bootId !== ended) continue;",
    replace: "if (other.bootId !== ended || ended !== null) continue;",
    by: "enumeration",
  },
  {
    name: "what stands by for an old life is kept",
    file: "core/link/follower.ts",
    find: "if (other.bootId !== ended) continue;",
    replace: 'if (other.bootId !== ended || other.state !== "adopted") continue;',
    by: "tests/core/field_test.ts",
  },
  {
    name: "the arbiter forgets whom it has displaced",
    file: "core/link/arbiter.ts",
    find: "      if (isOut) this.#displaced.add(older.bootId);\n",
    replace: "",
    by: "tests/core/field_test.ts",
  },
  {
    name: "the arbiter forgets which session has ended",
    file: "core/link/arbiter.ts",
    find:
      "if (newSession && this.#sessionBootId !== null) this.#displaced.add(this.#sessionBootId);",
    replace: "",
    by: "enumeration",
  },
  {
    name: "the follower forgets which session has ended",
    file: "core/link/follower.ts",
    find: "if (ended !== null) this.#displaced.add(ended);",
    replace: "",
    by: "enumeration",
  },
  {
    name: "the arbiter forgets whom it has refused",
    file: "core/link/arbiter.ts",
    find: "      this.#displaced.add(claimant.bootId);\n",
    replace: "",
    by: "tests/core/field_test.ts",
  },
  {
    name: "the follower forgets whom it has refused",
    file: "core/link/follower.ts",
    find: "      this.#displaced.add(claimant.bootId);\n",
    replace: "",
    by: "tests/core/field_test.ts",
  },
  {
    name: "the arbiter adopts what it has displaced while it was proposed",
    file: "core/link/arbiter.ts",
    find: `    if (this.#displaced.has(claim.bootId)) return this.#displace(claim);
    if (this.#isOvertaken`,
    replace: `    if (this.#isOvertaken`,
    by: "enumeration",
  },
  {
    name: "the arbiter adopts under a number that another process's connection will have",
    file: "core/link/arbiter.ts",
    find: "if (this.#isOvertaken(claim, settled)) {",
    replace: "if (settled < 0 && this.#isOvertaken(claim, settled)) {",
    by: "tests/core/field_test.ts",
  },
  {
    name: "the arbiter keeps the older connections after USEACK",
    file: "core/link/arbiter.ts",
    find: "if (!isDecided(older) || older.proposal >= claim.proposal) continue;",
    replace: "if (!isDecided(older) || older.proposal >= 0) continue;",
    by: "crossings",
  },
  {
    name: "a probe is poisoned: it does not settle when the probed connection closes",
    file: "core/link/arbiter.ts",
    find: "      decisions.push(...this.#settleDead(claimant, wallMicros));\n",
    replace: "",
    by: "tests/core/field_test.ts",
  },
  {
    name: "newest by the clock, unguarded",
    file: "core/link/link_number.ts",
    find: "Math.max(Math.floor(wallMicros), last + 1)",
    replace: "Math.floor(wallMicros)",
    by: "tests/core/field_test.ts",
  },
  {
    name: "parking: an inbound connection waits while one's own dial is under way",
    file: "core/link/link.ts",
    find: "    if (refusal !== null) return refusal;\n",
    replace: `    if (refusal !== null) return refusal;
    if (this.#dial.snapshot().state === "dialing") return { code: "closing", detail: "parked" };
`,
    by: "crossings",
  },
  {
    name: "highest ever seen: a bootId with a lower ordinal than any before is refused",
    file: "core/link/link.ts",
    find: "    this.#candidates.add(connection, remote, silence);\n",
    replace: `    if (remote.ordinal < this.highest) {
      this.#actions.refuse(connection, "closing", "older");
      return;
    }
    this.highest = remote.ordinal;
    this.#candidates.add(connection, remote, silence);
`,
    by: "tests/core/link_test.ts",
  },
  {
    name: "a connection that ends takes the usable one along, whichever that is",
    file: "connection/link_driver.ts",
    find: "if (this.#outbox.connection === connection) this.#outbox.drop();",
    replace: "this.#outbox.drop();",
    by: "tests/connection/link_driver_test.ts",
  },
  {
    name: "only the old owner hears of a connection that ends at once",
    file: "connection/connection.ts",
    find: `    this.#owner = this.#starter.ownerOf(this, remote);
    this.#owner.handleOpen(this, remote);`,
    replace: `    const owner = this.#starter.ownerOf(this, remote);
    owner.handleOpen(this, remote);
    this.#owner = owner;`,
    by: "swarm",
  },
  // Handshake and failure detection.
  {
    name: "a probe is restarted by each hello",
    file: "core/link/candidate_set.ts",
    find: "    probes.add({ id: claimant, deadlineMs });\n",
    replace: `    for (const { id } of probes.all) {
      probes.delete(id);
      probes.add({ id, deadlineMs });
    }
    probes.add({ id: claimant, deadlineMs });
`,
    by: "tests/core/link_test.ts",
  },
  {
    name: "a beat is judged before reading after a stall",
    file: "connection/timers.ts",
    find: "if (!this.#inGrace && lateMs > STALL_MS) {",
    replace: "if (!this.#inGrace && lateMs > 1e9) {",
    by: "tests/connection/timers_test.ts",
  },
  {
    name: "what was armed in a long turn counts from its beginning",
    file: "connection/timers.ts",
    find: "this.#deadlines.endTurn(tookMs < LONG_TURN_MS ? 0 : tookMs);",
    replace: "this.#deadlines.endTurn(0);",
    by: "tests/connection/timers_test.ts",
  },
  {
    name: "a deadline that moves up in the heap stays below later ones",
    file: "core/time/deadline_heap.ts",
    find: "if (parent !== null && last.deadlineMs < parent.deadlineMs)",
    replace: "if (parent !== null && last.deadlineMs < 0)",
    by: "tests/core/deadline_heap_test.ts",
  },
  {
    name: "a peer is suspected without having been asked",
    file: "core/link/heartbeat.ts",
    find: "if (waiting && silence >= bound / 2 && !this.#asked) {",
    replace: "if (waiting && silence >= deadAfterMs && !this.#asked) {",
    by: "tests/core/heartbeat_test.ts",
  },
  {
    name: "a peer that beats more slowly is judged by one's own interval",
    file: "core/link/heartbeat.ts",
    find: "if (remoteIntervalMs <= heartbeatIntervalMs) return;",
    replace: "if (remoteIntervalMs > 0) return;",
    by: "tests/core/heartbeat_test.ts",
  },
  {
    name: "silence is no verdict",
    file: "core/link/heartbeat.ts",
    find: 'if (silence >= deadAfterMs) return "dead";',
    replace: 'if (silence >= 100 * deadAfterMs) return "dead";',
    by: "tests/core/heartbeat_test.ts",
  },
  {
    name: "a lost connection is not dialled again",
    file: "core/link/link.ts",
    find:
      '      this.#actions.tell({ type: "lost", connection, identifier });\n    }\n    this.#dialLater();\n',
    replace: '      this.#actions.tell({ type: "lost", connection, identifier });\n    }\n',
    by: "crossings",
  },
  // The link: admission, dialling, outcomes, states.
  {
    name: "what happens while actions are carried out is handled at once",
    file: "connection/link_driver.ts",
    find: "    if (this.#isBusy) {\n",
    replace: "    if (this.#isBusy && this.#pending !== null) {\n",
    by: "tests/connection/link_driver_test.ts",
  },
  {
    name: "an endpoint that closes admits whoever comes",
    file: "core/link/admission.ts",
    find: "  if (isClosing && !holdsSession(remote)) {",
    replace: "  if (isClosing && to === null) {",
    by: "tests/core/admission_test.ts",
  },
  {
    name: "a peer is admitted under any name",
    file: "core/link/admission.ts",
    find: "if (remote.role !== role || !fits) {",
    replace: "if (remote.role !== role && !fits) {",
    by: "tests/core/link_test.ts",
  },
  {
    name: "an address leads to two peers at a time",
    file: "core/link/admission.ts",
    find: "if (present !== null && present !== remote.name) {",
    replace: "if (present === remote.bootId) {",
    by: "tests/core/link_test.ts",
  },
  {
    name: "who is known by its address needs no certificate for it",
    file: "core/link/admission.ts",
    find: "return place === null ? null : admitAddress(",
    replace: "return place === null || place !== null ? null : admitAddress(",
    by: "tests/core/admission_test.ts",
  },
  {
    name: "a link that has ended admits its peer",
    file: "core/link/link_state.ts",
    find: '  if (state.kind === "ended") return { code: "closing"',
    replace: '  if (state.kind === "new") return { code: "closing"',
    by: "tests/core/link_test.ts",
  },
  {
    name: "two attempts at a time",
    file: "core/link/dial_policy.ts",
    find: "if (!this.#isOn || this.#state === DIALING) return false;",
    replace: "if (!this.#isOn) return false;",
    by: "tests/core/link_test.ts",
  },
  {
    name: "an attempt goes on beside a connection that came into use",
    file: "core/link/link.ts",
    find: "this.#actions.giveDialUp(this.#dial.succeed());",
    replace: "this.#dial.succeed();",
    by: "tests/core/link_test.ts",
  },
  {
    name: "a dial beside a connection that waits for a decision",
    file: "core/link/dial_policy.ts",
    find: 'if (silence.silenceMs(nowMs) < suspectAfterMs) return "later";',
    replace: 'if (silence.silenceMs(nowMs) < suspectAfterMs) return "now";',
    by: "tests/core/link_test.ts",
  },
  {
    name: "the wait between dials does not grow",
    file: "core/link/backoff.ts",
    find: "    this.#attempts++;\n",
    replace: "",
    by: "tests/core/link_test.ts",
  },
  {
    name: "the wait between dials stays long after a success",
    file: "core/link/dial_policy.ts",
    find: "    this.#backoff.reset();\n",
    replace: "",
    by: "tests/core/link_test.ts",
  },
  {
    name: "a suspicion dials nobody",
    file: "core/link/link.ts",
    find: '        this.#actions.tell({ ...event, type: "suspect" });\n        this.#dialNow();\n',
    replace: '        this.#actions.tell({ ...event, type: "suspect" });\n',
    by: "tests/core/link_test.ts",
  },
  {
    name: "what waits for a peer that stays away waits for ever",
    file: "core/link/outcome.ts",
    find: "    unwrittenBeforeMs: sinceMs,\n",
    replace: "    unwrittenBeforeMs: -Infinity,\n",
    by: "tests/core/link_test.ts",
  },
  {
    name: "a peer that stays away ends the session",
    file: "core/link/outcome.ts",
    find: "    endsSession: false,\n",
    replace: "    endsSession: true,\n",
    by: "tests/core/link_test.ts",
  },
  {
    name: "what a peer has that closes is waited for",
    file: "core/link/link.ts",
    find:
      'if (code === "closing" && connection === this.usable) this.#actions.settle(CLOSED_THERE);',
    replace: "",
    by: "tests/core/link_test.ts",
  },
  {
    name: "a verdict fences nobody",
    file: "core/link/link.ts",
    find: 'if (code === "duplicate" || code === "displaced") this',
    replace: 'if (code === "duplicate") this',
    by: "tests/core/link_test.ts",
  },
  {
    name: "any refusal fences",
    file: "core/link/link.ts",
    find: 'if (code === "duplicate" || code === "displaced") this',
    replace: "this",
    by: "tests/core/link_test.ts",
  },
  {
    name: "a drain counts as heard with any pong",
    file: "core/link/link.ts",
    find: "const isHeard = number >= (this.#state.nonce ?? Infinity);",
    replace: "const isHeard = number > 0;",
    by: "tests/core/link_test.ts",
  },
  {
    name: "a link that has ended takes a connection",
    file: "core/link/link.ts",
    find: "if (isOver(this.#state)) return this.#actions.refuse(connection, code",
    replace: "if (this.#state === NEW) return this.#actions.refuse(connection, code",
    by: "tests/core/link_test.ts",
  },
  // Sessions.
  {
    name: "nothing is sent again on the next connection",
    file: "core/session/session.ts",
    find: "    return this.log.acknowledged + 1;",
    replace: "    this.log.acknowledge(this.log.lastNumber);\n    return this.log.lastNumber + 1;",
    by: "tests/core/session_test.ts",
  },
  {
    name: "what was written is not kept",
    file: "core/session/session.ts",
    find: "    this.log.rewind();\n",
    replace: "    this.log.acknowledge(this.log.lastNumber);\n    this.log.rewind();\n",
    by: "cuts",
  },
  {
    name: "a handler answers on the connection that its request came in on",
    file: "core/session/session.ts",
    find: "    this.log.rewind();\n",
    replace: '    this.log.rewind();\n    this.#inbound.end("peer-down");\n',
    by: "cuts",
  },
  {
    name: "a replay begins one frame too late",
    file: "core/session/outbound_log.ts",
    find: "if (numbered && number + 1 > this.#acknowledged) break;",
    replace: "if (numbered && number > this.#acknowledged) break;",
    by: "cuts",
  },
  {
    name: "known numbers are not dropped",
    file: "core/session/session.ts",
    find: "if (this.#ended || number <= this.#received) return null;",
    replace:
      "if (this.#ended) return null;\n    if (number <= this.#received) this.#received = number - 1;",
    by: "tests/core/session_test.ts",
  },
  {
    name: "more is acknowledged than has arrived",
    file: "core/session/session.ts",
    find: "if (this.#writer.acknowledgement(this.#received)) this",
    replace: "if (this.#writer.acknowledgement(this.#received + 1)) this",
    by: "tests/core/flow_walk_test.ts",
  },
  {
    name: "a lost acknowledgement is not repeated on the next connection",
    file: "core/session/session.ts",
    find: "    this.#acknowledgedByUs = 0;\n",
    replace: "",
    by: "tests/core/session_test.ts",
  },
  {
    name: "a session is kept across a changed bootId",
    file: "core/link/link.ts",
    find: "    if (newSession) {\n",
    replace: "    if (newSession && before === null) {\n",
    by: "tests/core/link_test.ts",
  },
  {
    name: "everything is sent again to another life",
    file: "calls/call.ts",
    find: "super(payload, codecTag(codec), service, timeoutMs, idempotent, depth, metadata);",
    replace: "super(payload, codecTag(codec), service, timeoutMs, true || idempotent, depth);",
    by: "tests/endpoint/life_test.ts",
  },
  {
    name: "a request that was written is called not-sent",
    file: "core/flow/outgoing.ts",
    find: 'return this.wasWritten ? "maybe-executed" : "not-sent";',
    replace: 'return "not-sent";',
    by: "tests/endpoint/request_test.ts",
  },
  {
    name: "a peer that stays away is waited for without an end",
    file: "calls/call.ts",
    find: '    this.#giveUp("timeout");',
    replace: '    if (this.#route.isUp) this.#giveUp("timeout");',
    by: "tests/endpoint/life_test.ts",
  },
  {
    name: "a list of connections changes under whoever goes through it",
    file: "core/link/small_list.ts",
    find: "    this.#items = this.#items.slice(0, index).concat(this.#items.slice(index + 1));\n",
    replace: "    (this.#items as Item[]).splice(index, 1);\n",
    by: "tests/core/small_list_test.ts",
  },
  {
    name: "a slot is used again before its answer has come",
    file: "core/flow/places.ts",
    find:
      `    if (this.#requests[request.slot] === request) this.#requests[request.slot] = ABANDONED;`,
    replace: `    if (this.#requests[request.slot] === request) {
      this.#requests[request.slot] = null;
      this.#free.push(request.slot);
    }`,
    by: "tests/core/flow_test.ts",
  },
  {
    name: "a closed endpoint goes on listening",
    file: "calls/drain.ts",
    find: "        listener!.close();\n",
    replace: "",
    by: "tests/endpoint/life_test.ts",
  },
  ...CALL_MUTANTS,
  ...CHANNEL_MUTANTS,
  ...FLOW_MUTANTS,
  ...LINK_MUTANTS,
  ...PEER_MUTANTS,
  ...STREAM_MUTANTS,
];
