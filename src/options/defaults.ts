/**
 * The defaults, in one frozen object. `../options.ts` has their reasons, `table.ts` the values.
 *
 * @module
 */

import type { EndpointOptions, ServingOptions, TuningOptions } from "../options.ts";
import { defaultsOfTable } from "./table.ts";

/** What is used where an option is left out. */
export const DEFAULTS: Readonly<
  Required<
    & TuningOptions
    & Pick<ServingOptions, "startingMs">
    & Pick<
      EndpointOptions,
      | "identifier"
      | "fence"
      | "maxClients"
      | "clientMaxInFlight"
      | "clientPayloadMaxBytes"
      | "clientMaxStreams"
      | "maxConnectionsPerPeer"
    >
  >
> = Object.freeze(defaultsOfTable() as never);
