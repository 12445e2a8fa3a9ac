// How someone came to belong to a group: the shortest chain of memberships, for explanations. Pure.

/** Group id → groups from the member's own one to it. Cycles among groups are walked once. */
export function groupPaths(
  memberId: string,
  directMemberOf: (id: string) => ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>();
  const open: { readonly id: string; readonly path: readonly string[] }[] = [
    { id: memberId, path: [] },
  ];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    for (const id of directMemberOf(at.id)) {
      if (paths.has(id)) continue;
      const path = [...at.path, id];
      paths.set(id, path);
      open.push({ id, path });
    }
  }
  return paths;
}
