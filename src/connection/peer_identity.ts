/**
 * Who the other end of a link is: by name, or by address where the definition has no name.
 *
 * @module
 */

import type { Admission } from "../core/channel/handshake.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { LinkDefinition } from "./context.ts";

/** The identity of a defined peer. */
export class PeerIdentity {
  /** Under which name the table and the callers know it. */
  readonly name: string;
  readonly definition: LinkDefinition;
  readonly #isNamed: boolean;
  #remoteName: string | null = null;

  constructor(definition: LinkDefinition) {
    this.definition = definition;
    this.#isNamed = definition.name !== undefined;
    this.name = definition.name ?? `${definition.hostname}:${definition.port}`;
  }

  /** Takes the name that was proved. @returns Whether it is another one than before. */
  take(name: string): boolean {
    const isOther = this.#remoteName !== name;
    this.#remoteName = name;
    return isOther;
  }

  /** Whether the other end, which has proved its name, is the one that was meant. */
  accepts(remote: Hello, hasConnections: boolean): Admission {
    const advertised = `${remote.hostname}:${remote.port}`;
    const fits = remote.name === this.name || (!this.#isNamed && advertised === this.name);
    if (remote.role !== "peer" || !fits) {
      return { code: "wrong-name", detail: `'${this.name}' was meant, not '${remote.name}'` };
    }
    const isOther = this.#remoteName !== null && this.#remoteName !== remote.name;
    if (isOther && hasConnections) {
      return { code: "wrong-name", detail: `'${this.#remoteName}' had this address before` };
    }
    return null;
  }
}
