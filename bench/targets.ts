// What the product promises of its speed, as ratios of one run wherever a ratio will do: absolute
// figures say more about the machine than about the program.

export interface Target {
  readonly what: string;
  readonly bound: 'at least' | 'at most';
  readonly value: number;
  readonly unit: string;
}

export const TARGETS = {
  getToBare: { what: 'GET secret, to the bare server', bound: 'at least', value: 0.45, unit: '' },
  putGrouped: {
    what: 'PUT secret, 64 connections to one',
    bound: 'at least',
    value: 5,
    unit: '',
  },
  tokenCache: {
    what: 'GET with a known token, to a new one each time',
    bound: 'at least',
    value: 2,
    unit: '',
  },
  tokenToSigning: {
    what: 'token, to RSA-2048 signing alone',
    bound: 'at least',
    value: 0.8,
    unit: '',
  },
  getManyToFew: {
    what: 'GET with many secrets, to few',
    bound: 'at least',
    value: 0.9,
    unit: '',
  },
  restartMs: { what: 'start', bound: 'at most', value: 1_000, unit: ' ms' },
  firstStartMs: { what: 'first start', bound: 'at most', value: 2_000, unit: ' ms' },
  idleMegabytes: { what: 'memory when idle', bound: 'at most', value: 120, unit: ' MB' },
} as const satisfies Readonly<Record<string, Target>>;

export type TargetName = keyof typeof TARGETS;

/** By how much the figure misses its target, as a sentence; `undefined` if it does not. */
export function describeMiss(name: TargetName, figure: number): string | undefined {
  const { what, bound, value, unit }: Target = TARGETS[name];
  const met = bound === 'at least' ? figure >= value : figure <= value;
  if (met) return undefined;
  const percent = Math.round(Math.abs(figure / value - 1) * 100);
  return `${what}: ${round(figure)}${unit}, wanted ${bound} ${value}${unit}; ${percent} % short.`;
}

export function round(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}
