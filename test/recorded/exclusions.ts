// Recordings that do not pass, each with the reason. The list may only shrink: a recording that is
// named here and passes fails the test.

/** Recording id → why it does not pass. */
export const EXCLUSIONS: ReadonlyMap<string, string> = new Map([]);
