/**
 * What somebody may have meant by a key that does not exist.
 *
 * @module
 */

/** Words of other libraries, and what is called so here. Lower case. */
const ALIASES: Readonly<Record<string, string>> = Object.freeze({
  address: "hostname",
  ip: "hostname",
  cert: "certificate",
  key: "privateKey",
  ca: "authorities",
  servername: "serverName",
  abortsignal: "signal",
  encoding: "codec",
  serializer: "codec",
  ttl: "timeoutMs",
  password: "secret",
  token: "secret",
});

/** More than so many that fit equally well are no hint. */
const HINTS_MAX = 5;

/** The keys that may have been meant: none, or a few. */
export function nearKeys(key: string, known: readonly string[]): readonly string[] {
  const word = key.toLowerCase();
  const alias = ALIASES[word];
  if (alias !== undefined && known.includes(alias)) return [alias];
  const least = word.length < 3 ? [] : [
    known.filter((candidate) => candidate.toLowerCase() === word),
    known.filter((candidate) => candidate.toLowerCase().startsWith(word)),
    nearest(word, known),
    known.filter((candidate) => candidate.toLowerCase().includes(word)),
    known.filter((candidate) => word.startsWith(candidate.toLowerCase())),
  ];
  return least.find(({ length }) => length > 0 && length <= HINTS_MAX) ?? [];
}

/** Those at the least distance, where that is small for a word of that length. */
function nearest(word: string, known: readonly string[]): string[] {
  const bound = Math.min(3, Math.floor(word.length / 3));
  const distances = known.map((candidate) => distance(word, candidate.toLowerCase()));
  const least = Math.min(...distances);
  return least > bound ? [] : known.filter((_, index) => distances[index] === least);
}

/** How many letters must be changed, added, left out or swapped to turn one word into another. */
function distance(left: string, right: string): number {
  const rows = [Array.from({ length: right.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    const [above, beyond] = [rows[i - 1]!, rows[i - 2]];
    for (let j = 1; j <= right.length; j++) {
      const change = above[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      let least = Math.min(change, above[j]! + 1, row[j - 1]! + 1);
      const isSwap = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      if (isSwap && beyond !== undefined) least = Math.min(least, beyond[j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[left.length]![right.length]!;
}
