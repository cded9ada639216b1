/** All scenarios by name. */

import type { Scenario } from "./run.ts";
import { runAttacker } from "./scenarios/attacker.ts";
import { runChanging } from "./scenarios/changing.ts";
import { runCrossings } from "./scenarios/crossings.ts";
import { runCuts } from "./scenarios/cuts.ts";
import { runRolling } from "./scenarios/rolling.ts";
import { runSwarm } from "./scenarios/swarm.ts";

/** All of them; the first one is played where none is asked for. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  swarm: runSwarm,
  cuts: runCuts,
  crossings: runCrossings,
  rolling: runRolling,
  changing: runChanging,
  attacker: runAttacker,
};
