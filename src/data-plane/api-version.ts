// The data plane's api-versions: which exist, in which order, and which a row answers.
import type { ApiVersions } from '#kernel';

// Order and previews: `azure/facts/version-deltas.json`.
const STABLE = [
  '7.0',
  '7.1',
  '7.2',
  '7.3',
  '7.4',
  '7.5',
  '7.6',
  '2025-07-01',
  '2026-04-01',
] as const;

export type StableVersion = (typeof STABLE)[number];

export const LATEST_VERSION: StableVersion = '2026-04-01';

/** Each preview behaves as the stable version it became. */
const PREVIEWS: Readonly<Record<StableVersion, readonly string[]>> = {
  '7.0': ['7.0-preview'],
  '7.1': ['7.1-preview', '7.1-preview.1'],
  '7.2': ['7.2-preview', '7.2-preview.1'],
  '7.3': ['7.3-preview'],
  '7.4': ['7.4-preview.1'],
  '7.5': ['7.5-preview.1'],
  '7.6': ['7.6-preview.1', '7.6-preview.2'],
  '2025-07-01': ['2025-06-01-preview'],
  '2026-04-01': [
    '2026-01-01-preview',
    '2026-03-01-preview',
    '2026-05-01-preview',
    '2026-07-01-preview',
  ],
};

const RANKS: ReadonlyMap<string, number> = new Map(
  STABLE.flatMap((stable, rank) =>
    [stable, ...PREVIEWS[stable]].map((version): [string, number] => [version, rank]),
  ),
);

export const apiVersions: readonly string[] = [...RANKS.keys()];

/** Versions from `first` on. */
export function since(first: StableVersion): ApiVersions {
  const lowest = STABLE.indexOf(first);
  return { required: true, accepts: (version) => (RANKS.get(version) ?? -1) >= lowest };
}

/** Whether `version`, one that a row accepted, has what came with `feature`. */
export function isAtLeast(version: string, feature: StableVersion): boolean {
  return (RANKS.get(version) ?? -1) >= STABLE.indexOf(feature);
}
