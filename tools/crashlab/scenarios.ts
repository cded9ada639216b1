/**
 * The ways a machine goes away, and what has to hold each time.
 *
 * @module
 */

import { DEFAULTS } from "../../mod.ts";
import type { Row } from "./judge.ts";
import { type Lab, type LabOptions, pause } from "./lab.ts";

/** A scenario: what happens, and what is expected beyond what always holds. */
export interface Scenario {
  /** The first word is what `--scenario` takes. */
  readonly name: string;
  /** Whether it is among the rows that CI runs. */
  readonly isFast: boolean;
  readonly options: Pick<LabOptions, "peerDecides" | "identifier">;
  /** Whether both processes live on, so that nothing may fail and no notification be lost. */
  readonly sameSession: boolean;
  /** Before the first process starts. */
  readonly prepare?: (lab: Lab) => Promise<void>;
  readonly run: (lab: Lab) => Promise<void>;
  /** What does not hold, in words. */
  readonly problems?: (row: Row) => string[];
}

/** After the new process's first hello. */
const TAKEOVER_MAX_MS = 50;
const SHORT_OUTAGE_S = 0.5;
const { deadAfterMs, heartbeatIntervalMs, redialMaxMs } = DEFAULTS;

const PLAIN: Scenario["options"] = { peerDecides: false, identifier: "counter" };

function reboot(outageS: number): Scenario {
  return {
    name: `reboot ${outageS} s`,
    isFast: outageS === SHORT_OUTAGE_S,
    options: PLAIN,
    sameSession: false,
    run: (lab) => rebootPeer(lab, outageS),
  };
}

function rebootSilent(outageS: number): Scenario {
  return {
    ...reboot(outageS),
    name: `reboot-silent ${outageS} s`,
    async run(lab) {
      const flow = await lab.flow();
      const sender = lab.dialerOf(flow) === lab.peer ? "dialer" : "acceptor";
      lab.strike();
      await lab.crash(lab.peer);
      // What the new kernel says about connections that it does not know reaches nobody.
      await lab.network.lose(flow, sender);
      await back(lab, outageS);
    },
    problems: ({ helloToFirstReplyMs }) =>
      within("hello to first reply", helloToFirstReplyMs, TAKEOVER_MAX_MS),
  };
}

async function rebootPeer(lab: Lab, outageS: number): Promise<void> {
  lab.strike();
  await lab.crash(lab.peer);
  await back(lab, outageS);
}

async function back(lab: Lab, outageS: number): Promise<void> {
  await pause(outageS * 1_000);
  await lab.network.boot(lab.peer.host);
  await lab.start(lab.peer);
}

/** The flow dies; new ones work. */
async function loseFlow(lab: Lab, what: "both" | "sent" | "received"): Promise<void> {
  const flow = await lab.flow();
  const [sent, received] = lab.dialerOf(flow) === lab.survivor
    ? ["dialer", "acceptor"] as const
    : ["acceptor", "dialer"] as const;
  lab.strike();
  if (what !== "received") await lab.network.lose(flow, sent);
  if (what !== "sent") await lab.network.lose(flow, received);
}

const leftInTime = ({ faultToFirstReplyMs }: Row) =>
  within("fault to first reply", faultToFirstReplyMs, deadAfterMs + heartbeatIntervalMs);

const oneWay: Omit<Scenario, "name" | "run"> = {
  isFast: true,
  options: PLAIN,
  sameSession: true,
  problems: ({ verdictMs, faultToLinkMs }) =>
    faultToLinkMs === null
      ? ["never linked again"]
      : within("verdict to link", faultToLinkMs - (verdictMs ?? 0), redialMaxMs),
};

function flap(outageS: number): Scenario {
  return {
    name: `flap ${outageS} s`,
    isFast: outageS === 1,
    options: PLAIN,
    sameSession: true,
    async run(lab) {
      lab.strike();
      await lab.network.plug(lab.peer.host, "down");
      await pause(outageS * 1_000);
      await lab.network.plug(lab.peer.host, "up");
    },
  };
}

function freeze(durationS: number): Scenario {
  return {
    name: `freeze ${durationS} s`,
    isFast: durationS === 1,
    options: PLAIN,
    sameSession: true,
    async run(lab) {
      lab.strike();
      lab.peer.process!.signal("SIGSTOP");
      await pause(durationS * 1_000);
      lab.peer.process!.signal("SIGCONT");
    },
    problems: ({ lostEvents }) =>
      durationS < 2 && lostEvents > 0 ? ["a verdict fell on a process that only paused"] : [],
  };
}

/** Of two living processes with one name the one that started later, by its clock, keeps it. */
function twins(which: "newer" | "older", clockErrorMs: number): Scenario {
  return {
    name: `twins ${which}`,
    isFast: true,
    options: PLAIN,
    sameSession: false,
    async run(lab) {
      const twin = await lab.addTwin();
      twin.clockErrorMs = clockErrorMs;
      lab.strike();
      await lab.start(twin);
      await lab.until("one of the two is told", async () => (await lab.fenced()).length > 0);
      const [told] = await lab.fenced();
      if (told === lab.peer) lab.peer = twin;
    },
    problems: ({ alarms, switches }) => [
      ...alarms === 1 ? [] : [`${alarms} alarms instead of one`],
      ...switches === (which === "newer" ? 1 : 0) ? [] : [`${switches} switches`],
    ],
  };
}

/** All of them, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  reboot(SHORT_OUTAGE_S),
  reboot(3),
  reboot(20),
  rebootSilent(SHORT_OUTAGE_S),
  rebootSilent(3),
  rebootSilent(20),
  {
    name: "blackhole",
    isFast: true,
    options: PLAIN,
    sameSession: true,
    run: (lab) => loseFlow(lab, "both"),
    problems: leftInTime,
  },
  { name: "one-way sent", ...oneWay, run: (lab) => loseFlow(lab, "sent") },
  { name: "one-way received", ...oneWay, run: (lab) => loseFlow(lab, "received") },
  {
    name: "one-way survivor-dials",
    ...oneWay,
    prepare: (lab) => lab.forbidDialling(lab.peer),
    run: (lab) => loseFlow(lab, "both"),
  },
  {
    name: "one-way peer-dials",
    ...oneWay,
    prepare: (lab) => lab.forbidDialling(lab.survivor),
    run: (lab) => loseFlow(lab, "both"),
  },
  flap(1),
  flap(5),
  flap(20),
  freeze(1),
  freeze(10),
  {
    name: "kill",
    isFast: true,
    options: PLAIN,
    sameSession: false,
    async run(lab) {
      lab.strike();
      lab.peer.process!.kill();
      await lab.peer.process!.ended;
      await pause(SHORT_OUTAGE_S * 1_000);
      await lab.start(lab.peer);
    },
  },
  {
    name: "both",
    isFast: true,
    options: PLAIN,
    sameSession: false,
    async run(lab) {
      lab.strike();
      await Promise.all([lab.crash(lab.survivor), lab.crash(lab.peer)]);
      await pause(SHORT_OUTAGE_S * 1_000);
      await Promise.all([lab.survivor, lab.peer].map(async (machine) => {
        await lab.network.boot(machine.host);
        await lab.start(machine);
      }));
    },
  },
  {
    name: "arbiter",
    isFast: true,
    options: { peerDecides: true, identifier: "counter" },
    sameSession: false,
    run: (lab) => rebootPeer(lab, SHORT_OUTAGE_S),
  },
  {
    name: "clock",
    isFast: true,
    options: { peerDecides: true, identifier: "clock" },
    sameSession: false,
    run(lab) {
      lab.peer.clockErrorMs = -3_600_000;
      return rebootPeer(lab, SHORT_OUTAGE_S);
    },
  },
  twins("newer", 0),
  twins("older", -3_600_000),
];

function within(what: string, ms: number | null, maxMs: number): string[] {
  if (ms === null) return [`${what}: it never came to that`];
  return ms <= maxMs ? [] : [`${what} took ${ms.toFixed(1)} ms instead of ${maxMs} at most`];
}
