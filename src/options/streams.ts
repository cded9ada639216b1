/**
 * What streams may hold.
 *
 * @module
 */

/** The numbers of streams that endpoints and clients share. */
export interface StreamTuningOptions {
  /**
   * Streams that a peer may have open here at a time; more have to wait there. Those that handlers
   * open through their context have four more.
   *
   * @default {256}
   */
  readonly maxStreams?: number;
  /**
   * What streams may hold beyond the first 64 KiB of each, in bytes: so much for larger windows of
   * those whose consumers keep up, and as much lent to items above their windows while their
   * consumers wait for them. At least `payloadMaxBytes`.
   *
   * @default {67108864}
   */
  readonly streamMaxBytes?: number;
}
