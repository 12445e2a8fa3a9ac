// Action patterns as role definitions write them: `Microsoft.KeyVault/vaults/*/read`. Compared
// without case. `*` stands for any characters, slashes included; a `*` that is a whole segment in
// the middle also stands for no segment at all, because Azure's Key Vault Reader holds
// `vaults/*/read` and reads the vault itself with it. No regular expressions: matching takes time
// linear in the action.

export interface ActionPattern {
  /** As written in the role definition. */
  readonly text: string;
  /** The literal parts between the wildcards, lower-case. */
  readonly parts: readonly string[];
  /** For each wildcard but the last part's: whether it stands for whole segments only. */
  readonly segments: readonly boolean[];
}

export function compileActionPattern(text: string): ActionPattern {
  const raw = text.toLowerCase().split('*');
  const segments: boolean[] = [];
  const parts = raw.map((part, index) => {
    const wholeSegments = part.endsWith('/') && (raw[index + 1]?.startsWith('/') ?? false);
    segments.push(wholeSegments);
    return wholeSegments ? part.slice(0, -1) : part;
  });
  return { text, parts, segments };
}

/** `action` must be lower-case. */
export function matchesAction(pattern: ActionPattern, action: string): boolean {
  const { parts, segments } = pattern;
  const first = parts[0] ?? '';
  if (parts.length === 1) return action === first;
  if (!action.startsWith(first)) return false;
  let at = first.length;
  for (let index = 1; index < parts.length; index += 1) {
    const part = parts[index] ?? '';
    if (segments[index - 1] && action[at] !== '/') return false;
    if (index === parts.length - 1)
      return action.length - part.length >= at && action.endsWith(part);
    // The leftmost match leaves most of the action for the parts that follow, so it is enough.
    const found = action.indexOf(segments[index] ? `${part}/` : part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

/** Several patterns, any of which may match. Patterns without a wildcard are one hash look-up. */
export class ActionPatterns {
  readonly #exact = new Set<string>();
  readonly #wildcards: ActionPattern[] = [];

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      if (text.includes('*')) this.#wildcards.push(compileActionPattern(text));
      else this.#exact.add(text.toLowerCase());
    }
  }

  /** `action` must be lower-case. */
  match(action: string): boolean {
    return (
      this.#exact.has(action) || this.#wildcards.some((pattern) => matchesAction(pattern, action))
    );
  }
}
