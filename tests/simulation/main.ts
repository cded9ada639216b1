/**
 * `deno task sim`: plays seeds, searches states, tries mutants.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { enumerate } from "./enumeration/enumerate.ts";
import { SEARCHED } from "./enumeration/pair.ts";
import { searchFlow } from "./flow_model/main.ts";
import { tryMutants } from "./mutants/try.ts";
import { playSeeds } from "./pool.ts";
import { SCENARIOS } from "./scenarios.ts";
import { clusterText, runCluster } from "./scenarios/cluster.ts";
import { readSeeds } from "./seeds.ts";
import { failureText, type Report, Totals } from "./totals.ts";

const HELP = `Plays freshlink in a simulated network, where a seed decides everything.

  deno task sim [--runs N] [--seed S] [--scenario NAME] [--minutes M] [--json]
  deno task sim --enumerate [--pipes P] [--states N] [--rising] [--json]
  deno task sim --flow-model [--states N] [--only TEXT] [--json]
  deno task sim --mutants [--only TEXT] [--json]
  deno task sim --scenario cluster [--endpoints N] [--seed S] [--json]

  --runs N         so many runs, with the seeds S, S + 1, ... (200)
  --seed S         the first seed (drawn)
  --scenario NAME  ${Object.keys(SCENARIOS).join(", ")} (the first one)
                   or cluster: what N endpoints cost that all have a link to each other
  --endpoints N    how many (200)
  --minutes M      as many runs as fit into M minutes, instead of --runs
  --jobs N         so many at a time (1; with --minutes as many as there are processors)
  --first          stop at the first thing that is wrong
  --recorded       the seeds of tests/simulation/seeds.txt, instead of --runs
  --enumerate      every interleaving of two ends and P connections (3), up to N states (all that
                   there are; of three connections in about half an hour)
  --rising         of ends whose ordinals rise, and who say so: whom to believe is another rule
  --flow-model     places, credit and room: every load of tests/simulation/flow_model, each up to N
                   states (1000000); none may stop, and each must where a rule is left out
  --mutants        breaks the code in every way of tests/simulation/mutants; each must be caught
  --only TEXT      only the mutants, or the loads, with this in their name
  --json           the last line is one JSON object
  --help           this

Exit code 0: nothing is wrong. 1: something is; the text says how to play it again. 2: not understood.
`;

const EXIT_WRONG = 1;
const EXIT_USAGE = 2;
const MAX_SEED = 2 ** 31;

/** A load of the flow model is searched up to so many states, unless others are asked for. */
const FLOW_STATES = 1_000_000;

/** Failures that are printed whole. */
const MAX_TEXTS = 3;

interface Options {
  readonly scenario: string;
  readonly runs: number;
  readonly seed: number;
  /** Whether the first failure is enough. */
  readonly first: boolean;
  /** How many are played at a time. */
  readonly jobs: number;
  /** Until when, on the monotonic clock, in milliseconds. */
  readonly untilMs: number;
}

async function main(): Promise<number> {
  const values = readArguments();
  if (values === null) return EXIT_USAGE;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const print = (report: unknown) => values.json && console.log(JSON.stringify(report));
  if (values.enumerate) {
    const report = enumerate({
      maxStates: values.states,
      maxWrong: values.first ? 1 : Infinity,
      bounds: { ...SEARCHED, pipes: values.pipes, rises: values.rising },
    });
    console.log(report.text);
    print(report.summary);
    return report.isGood ? 0 : EXIT_WRONG;
  }
  if (values["flow-model"]) {
    const report = searchFlow(
      values.only,
      values.states === Infinity ? FLOW_STATES : values.states,
    );
    console.log(`\n${report.cases.length} loads, ${report.unexpected} not as expected`);
    print(report);
    return report.unexpected === 0 ? 0 : EXIT_WRONG;
  }
  if (values.mutants) {
    const report = await tryMutants(values.only);
    print(report);
    return report.mutants.tried === report.mutants.caught ? 0 : EXIT_WRONG;
  }
  if (values.scenario === "cluster") {
    const report = await runCluster(values.endpoints, values.seed);
    console.log(clusterText(report));
    print(report);
    return 0;
  }
  const report = values.recorded ? await playRecorded() : await play(values);
  print(report);
  return report.violations === 0 && report.missed.length === 0 ? 0 : EXIT_WRONG;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        runs: { type: "string", default: "200" },
        seed: { type: "string" },
        scenario: { type: "string", default: Object.keys(SCENARIOS)[0]! },
        endpoints: { type: "string", default: "200" },
        minutes: { type: "string" },
        jobs: { type: "string" },
        first: { type: "boolean", default: false },
        recorded: { type: "boolean", default: false },
        enumerate: { type: "boolean", default: false },
        states: { type: "string" },
        pipes: { type: "string", default: `${SEARCHED.pipes}` },
        rising: { type: "boolean", default: false },
        "flow-model": { type: "boolean", default: false },
        mutants: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const { scenario, minutes } = values;
    if (!(scenario in SCENARIOS) && scenario !== "cluster") {
      throw new TypeError(
        `--scenario ${scenario}: ${Object.keys(SCENARIOS).join(", ")} was expected`,
      );
    }
    return {
      ...values,
      scenario,
      endpoints: wholeNumber("endpoints", values.endpoints),
      pipes: wholeNumber("pipes", values.pipes),
      runs: minutes === undefined ? wholeNumber("runs", values.runs) : Infinity,
      jobs: values.jobs !== undefined
        ? Math.max(1, wholeNumber("jobs", values.jobs))
        : minutes === undefined
        ? 1
        : navigator.hardwareConcurrency,
      seed: values.seed === undefined
        ? Math.floor(Math.random() * MAX_SEED)
        : wholeNumber("seed", values.seed),
      states: values.states === undefined ? Infinity : wholeNumber("states", values.states),
      untilMs: minutes === undefined
        ? Infinity
        : performance.now() + 60_000 * wholeNumber("minutes", minutes),
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return null;
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TypeError(`--${name} ${text}: a whole number was expected`);
}

async function play({ scenario, runs, seed, first, jobs, untilMs }: Options): Promise<Report> {
  const totals = new Totals();
  const startMs = performance.now();
  await playSeeds(scenario, seed, runs, jobs, (result) => {
    totals.add(result);
    const isBad = result.problems.length > 0;
    if (isBad && totals.failed.length <= MAX_TEXTS) console.log(failureText(scenario, result));
    return performance.now() < untilMs && !(first && isBad);
  });
  return conclude(totals, scenario, seed, performance.now() - startMs);
}

async function playRecorded(): Promise<Report> {
  const totals = new Totals();
  const startMs = performance.now();
  for (const { scenario, seed } of readSeeds()) {
    const result = await SCENARIOS[scenario]!(seed);
    totals.add(result);
    if (result.problems.length > 0) console.log(failureText(scenario, result));
  }
  return conclude(totals, "recorded", 0, performance.now() - startMs);
}

function conclude(totals: Totals, scenario: string, seed: number, elapsedMs: number): Report {
  const report = totals.report(scenario, seed, elapsedMs);
  const { runs, events, eventsPerSecond, violations, unconverged, missed } = report;
  console.log(`${totals.text()}

${runs} runs of ${scenario} from seed ${seed}: ${events.toLocaleString("en-US")} events, \
${eventsPerSecond.toLocaleString("en-US")} a second; ${violations} with something wrong, \
${unconverged} of them without convergence`);
  if (missed.length > 0) console.log(`Nobody went these ways: ${missed.join("; ")}`);
  return report;
}

if (import.meta.main) Deno.exit(await main());
