/**
 * Copies a file, or a folder with all that is in it.
 *
 * @module
 */

/** @param without Names of files and folders that are left out, wherever they stand. */
export async function copyTree(
  from: string,
  to: string,
  without: readonly string[] = [],
): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) {
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(from, to);
    return;
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    if (!without.includes(name)) await copyTree(`${from}/${name}`, `${to}/${name}`, without);
  }
}
