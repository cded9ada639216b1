/**
 * By which name a peer is known: its own, or where it listens.
 *
 * @module
 */

/** What of a definition names a peer. */
interface Named {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly hostname: string;
  readonly port: number;
}

/** Where a peer listens, as one text; it names a peer whose definition has no name. */
export function placeOf({ hostname, port }: Omit<Named, "name" | "group">): string {
  return `${hostname}:${port}`;
}

/** Where one must listen whom a definition without a name means; `null`: it goes by its name. */
export function expectedPlaceOf(definition: Named): string | null {
  return definition.name === undefined ? placeOf(definition) : null;
}

/** By which name the table and the callers know a peer: `group/host:port` where it has none. */
export function peerNameOf(definition: Named): string {
  const { name, group } = definition;
  if (name !== undefined) return name;
  const place = placeOf(definition);
  return group === undefined ? place : `${group}/${place}`;
}
