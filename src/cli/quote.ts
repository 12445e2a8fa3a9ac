// Text that a person copies into a POSIX shell.

const PLAIN = /^[\w@%+=:,./-]+$/;

/** As one word, whatever is in it. */
export function quoteForShell(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
