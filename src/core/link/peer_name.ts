/**
 * By which name a peer is known: its own, or where it listens.
 *
 * @module
 */

/** What of a definition names a peer. */
interface Named {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly isAnybody?: boolean | undefined;
  readonly hostname: string;
  readonly port: number;
}

/** Where a peer listens, as one text; it names a peer whose definition has no name. */
export function placeOf({ hostname, port }: Pick<Named, "hostname" | "port">): string {
  return `${hostname}:${port}`;
}

/**
 * Where one must listen whom a definition without a name means; `null`: it goes by its name, or
 * anybody will do.
 */
export function expectedPlaceOf(definition: Named): string | null {
  const { name, isAnybody } = definition;
  return name === undefined && isAnybody !== true ? placeOf(definition) : null;
}

/** Whom the dialer of a definition means, as HELLO says it; empty: whoever answers. */
export function recipientOf(definition: Named): string {
  const { name, isAnybody } = definition;
  return name ?? (isAnybody === true ? "" : placeOf(definition));
}

/** By which name the one that has answered is known: its own, where anybody will do. */
export function nameAt(definition: Named, { name }: { readonly name: string }): string {
  return definition.isAnybody === true ? name : peerNameOf(definition);
}

/** By which name the table and the callers know a peer: `group/host:port` where it has none. */
export function peerNameOf(definition: Named): string {
  const { name, group } = definition;
  if (name !== undefined) return name;
  const place = placeOf(definition);
  return group === undefined ? place : `${group}/${place}`;
}
