/**
 * What an endpoint lets in, as one object: it is asked about each dialer, first about whom that one
 * means, then about who it is.
 *
 * | state | since | who is let in |
 * | --- | --- | --- |
 * | open | the beginning | defined peers, those whom a rule lets in, clients |
 * | closing | `close` | whoever has a session here: what is open in it is finished |
 * | fenced | `fence`: another process has this name | nobody |
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Admission } from "../channel/handshake.ts";
import type { Hello } from "../wire/hello.ts";
import { admit, admitTo } from "./admission.ts";

type EntranceState =
  | { readonly kind: "open" }
  | { readonly kind: "closing" }
  | { readonly kind: "fenced"; readonly code: ErrorCode };

const OPEN: Readonly<EntranceState> = { kind: "open" };
const CLOSING: Readonly<EntranceState> = { kind: "closing" };

/** What the entrance asks of a link. */
export interface EntranceLink {
  /** The life of the peer whose session is held; `null`: none is. */
  readonly sessionBootId: string | null;
  /** How many connections to the peer there are. */
  readonly connectionCount: number;
  /** Whether that is the peer of this link. */
  admit(remote: Hello, certificateNames: readonly string[] | null): Admission;
}

/** The entrance of one endpoint. */
export class Entrance {
  readonly #self: Hello;
  readonly #linkOf: (remote: Hello) => EntranceLink | undefined;
  readonly #maxConnectionsPerPeer: number;
  #state: EntranceState = OPEN;

  /** @param linkOf The link to whoever that is; `undefined` where nobody defined it. */
  constructor(
    self: Hello,
    maxConnectionsPerPeer: number,
    linkOf: (remote: Hello) => EntranceLink | undefined,
  ) {
    this.#self = self;
    this.#maxConnectionsPerPeer = maxConnectionsPerPeer;
    this.#linkOf = linkOf;
  }

  /** Whether it is neither closing nor fenced. */
  get isOpen(): boolean {
    return this.#state === OPEN;
  }

  /** Why nobody is let in any more; `null` while somebody may be. */
  get fenced(): ErrorCode | null {
    return this.#state.kind === "fenced" ? this.#state.code : null;
  }

  /** Nothing new is let in any more. */
  close(): void {
    if (this.#state === OPEN) this.#state = CLOSING;
  }

  /** Nobody is let in any more. @returns Whether that is new. */
  fence(code: ErrorCode): boolean {
    if (this.#state.kind === "fenced") return false;
    this.#state = { kind: "fenced", code };
    return true;
  }

  /** Whether this is whom a dialer means; empty: whoever listens there. */
  admitsTo(to: string): Admission {
    return admitTo(this.#self, to);
  }

  /**
   * Whether a dialer is let in.
   *
   * @param to Whom it means.
   * @param certificateNames Whom its certificate names; `null` without one.
   */
  admits(remote: Hello, to: string, certificateNames: readonly string[] | null): Admission {
    const admitting = {
      self: this.#self,
      isClosing: this.#state !== OPEN,
      holdsSession: () =>
        this.#state === CLOSING && this.#linkOf(remote)?.sessionBootId === remote.bootId,
      admitAtLink: () => this.#linkOf(remote)?.admit(remote, certificateNames),
    };
    return admit(admitting, remote, to) ?? this.#admitsMore(remote);
  }

  /** Whether a peer may have one connection more: one is used, and few are on their way. */
  #admitsMore(remote: Hello): Admission {
    const count = this.#linkOf(remote)!.connectionCount;
    if (count < this.#maxConnectionsPerPeer) return null;
    return { code: "overloaded", detail: `'${remote.name}' has ${count} connections already` };
  }
}
