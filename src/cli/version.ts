/**
 * The version, as a constant: the npm package has no deno.json to read it from.
 *
 * @module
 */

/** The version of this package; a test compares it with deno.json. */
export const VERSION = "0.1.0";
