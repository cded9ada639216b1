/**
 * Runs one scenario after another.
 *
 * @module
 */

import type { TuningOptions } from "../../mod.ts";
import { judge, type Row } from "./judge.ts";
import { Lab } from "./lab.ts";
import type { Run } from "./plan.ts";
import { predict } from "./prediction.ts";

/** The lab that is at work, to be taken down when interrupted. */
export class Runner {
  #lab: Lab | null = null;

  readonly #tuning: TuningOptions;

  /** @param tuning Options of every endpoint; the defaults where none are given. */
  constructor(tuning: TuningOptions = {}) {
    this.#tuning = tuning;
  }

  /** One row. A run that does not come to its end is a row with that problem. */
  async run(run: Run): Promise<Row> {
    const { scenario, survivor, peer } = run;
    this.#lab = await Lab.make({
      ...scenario.options,
      survivor,
      peer,
      tuning: this.#tuning,
    });
    try {
      await scenario.prepare?.(this.#lab);
      await this.#lab.begin();
      await scenario.run(this.#lab);
      await this.#lab.flowing();
      return await judge(this.#lab, scenario, await predict(scenario));
    } catch (error) {
      return failedRow(run, error instanceof Error ? error.message : String(error));
    } finally {
      await this.end();
    }
  }

  /** Removes everything. */
  async end(): Promise<void> {
    const lab = this.#lab;
    this.#lab = null;
    await lab?.[Symbol.asyncDispose]();
  }
}

/** A row that did not come to its end. */
function failedRow({ scenario, survivor, peer }: Run, problem: string): Row {
  return {
    scenario: scenario.name,
    runtime: survivor,
    peerRuntime: peer,
    verdictMs: null,
    predictedMs: null,
    helloToOldEndMs: null,
    helloToFirstReplyMs: null,
    faultToLinkMs: null,
    faultToFirstReplyMs: null,
    roundTripMs: null,
    ok: 0,
    failed: 0,
    failures: {},
    timedOut: 0,
    executedTwice: 0,
    lost: 0,
    links: 0,
    agree: false,
    alarms: 0,
    switches: 0,
    lostEvents: 0,
    problems: [problem],
  };
}
