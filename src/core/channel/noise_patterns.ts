/**
 * The pattern that freshlink speaks. Any other is written the same way; tests do.
 *
 * Specified in: the Noise Protocol Framework, revision 34, sections 7.5 and 9.4.
 *
 * @module
 */

import type { Pattern } from "./noise.ts";

/**
 * Both send their static keys, encrypted, and the shared secret is mixed in before anything else:
 * whoever does not know it can neither read nor answer the first message.
 */
export const XX_PSK0: Pattern = Object.freeze({
  name: "XXpsk0",
  initiatorIsKnown: false,
  responderIsKnown: false,
  messages: Object.freeze([
    Object.freeze(["psk", "e"] as const),
    Object.freeze(["e", "ee", "s", "es"] as const),
    Object.freeze(["s", "se"] as const),
  ]),
});
