/**
 * Places for those who have not proved who they are: so many may be here at a time, and whoever was
 * silent for longest makes room.
 *
 * | place | for | how many |
 * | --- | --- | --- |
 * | silent | whoever has said nothing that opens: of one address, and in all | few |
 * | greeted | whose first message has opened: many honest ends may come through one proxy | more |
 *
 * So whoever only opens sockets holds few of them for a short time, and an honest end, whose first
 * message comes with its socket, is not among the oldest.
 *
 * @module
 */

/** How many may be here at a time. */
export interface LobbyLimits {
  readonly silentPerAddress: number;
  readonly silent: number;
  readonly greeted: number;
}

/**
 * At 12 KiB for each socket, 72 MiB of silent ones and 48 MiB of those who know the secret. One
 * address can open 5,000 a second; an honest socket beside them has 0.8 s until it makes room, and
 * a busy process may need half of that to read its first message.
 */
export const LOBBY_LIMITS: LobbyLimits = Object.freeze({
  silentPerAddress: 4_096,
  silent: 6_144,
  greeted: 4_096,
});

/** The lobby of one endpoint. */
export class Lobby<Guest> {
  readonly #limits: LobbyLimits;
  /** With their addresses, the oldest first. */
  readonly #silent = new Map<Guest, string>();
  readonly #byAddress = new Map<string, Set<Guest>>();
  readonly #greeted = new Set<Guest>();

  constructor(limits: LobbyLimits = LOBBY_LIMITS) {
    this.#limits = limits;
  }

  /** All who are here. */
  get guests(): Guest[] {
    return [...this.#silent.keys(), ...this.#greeted];
  }

  /** Somebody has come. @returns Who has to go for that; `null`: nobody. */
  enter(guest: Guest, hostname: string): Guest | null {
    const address = networkOf(hostname);
    const neighbours = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, neighbours.add(guest));
    this.#silent.set(guest, address);
    if (neighbours.size > this.#limits.silentPerAddress) return this.#takeOut(neighbours);
    return this.#silent.size > this.#limits.silent ? this.#takeOut(this.#silent.keys()) : null;
  }

  /** Its first message has opened. @returns Who has to go for that; `null`: nobody. */
  greet(guest: Guest): Guest | null {
    if (!this.leave(guest)) return null;
    this.#greeted.add(guest);
    return this.#greeted.size > this.#limits.greeted ? this.#takeOut(this.#greeted) : null;
  }

  /** It is gone, or has proved who it is. @returns Whether it was here. */
  leave(guest: Guest): boolean {
    const address = this.#silent.get(guest);
    if (address === undefined) return this.#greeted.delete(guest);
    this.#silent.delete(guest);
    const neighbours = this.#byAddress.get(address)!;
    neighbours.delete(guest);
    if (neighbours.size === 0) this.#byAddress.delete(address);
    return true;
  }

  #takeOut(guests: Iterable<Guest>): Guest {
    for (const oldest of guests) {
      this.leave(oldest);
      return oldest;
    }
    throw new Error("Nobody is here");
  }
}

/** What counts as one address: of IPv6 the first 64 bits, which one end has to itself. */
export function networkOf(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  const [head = "", tail] = hostname.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const rest = tail === "" ? 0 : tail.split(":").length;
    while (groups.length + rest < 8) groups.push("0");
  }
  return groups.slice(0, 4).join(":");
}
