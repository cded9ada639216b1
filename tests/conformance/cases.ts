/** The whole list: what every adapter and the simulator must do. */

import { byteCases } from "./cases/bytes.ts";
import { endCases } from "./cases/ends.ts";
import { placeCases } from "./cases/places.ts";
import { tlsCases } from "./cases/tls.ts";
import type { Case } from "./kit.ts";

/** All cases. */
export const CASES: readonly Case[] = [...byteCases, ...endCases, ...placeCases, ...tlsCases];
