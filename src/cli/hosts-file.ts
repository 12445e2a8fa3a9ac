// Our entries in a hosts file: between two marker lines of our own, one name to a line. Every other
// line stays as it is, byte for byte. Pure: text in, text out.
import { CommandFailure } from './command-failure.ts';

export interface HostsEntry {
  readonly address: string;
  readonly name: string;
}

/**
 * The file with our block replaced, added, or (no entries) taken out. Throws CommandFailure if the
 * markers do not make a pair: then nobody can tell which lines are ours.
 */
export function editHosts(content: string, domain: string, entries: readonly HostsEntry[]): string {
  const newline = content.includes('\r\n') ? '\r\n' : '\n';
  const lines = content.split(newline);
  const found = findBlock(lines, domain);
  const block = entries.length === 0 ? [] : blockLines(domain, entries);
  if (found !== undefined)
    return lines.toSpliced(found.start, found.length, ...block).join(newline);
  if (block.length === 0) return content;
  // After the last line, which may or may not be finished.
  const end = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  return [...lines.slice(0, end), ...block, ''].join(newline);
}

/** Entries that stand in our block now. */
export function readHosts(content: string, domain: string): readonly HostsEntry[] {
  const lines = content.split(/\r?\n/);
  const found = findBlock(lines, domain);
  if (found === undefined) return [];
  return lines.slice(found.start + 1, found.start + found.length - 1).flatMap((line) => {
    const [address, name] = line.trim().split(/\s+/);
    return address && name && !address.startsWith('#') ? [{ address, name }] : [];
  });
}

export function renderEntries(entries: readonly HostsEntry[]): readonly string[] {
  return entries.map(({ address, name }) => `${address}\t${name}`);
}

function blockLines(domain: string, entries: readonly HostsEntry[]): readonly string[] {
  return [beginMarker(domain), ...renderEntries(entries), endMarker(domain)];
}

function beginMarker(domain: string): string {
  return `# BEGIN strongroom ${domain}`;
}

function endMarker(domain: string): string {
  return `# END strongroom ${domain}`;
}

function findBlock(
  lines: readonly string[],
  domain: string,
): { readonly start: number; readonly length: number } | undefined {
  const starts = indexesOf(lines, beginMarker(domain));
  const ends = indexesOf(lines, endMarker(domain));
  const [start] = starts;
  const [end] = ends;
  if (start === undefined && end === undefined) return undefined;
  const isPair = starts.length === 1 && ends.length === 1;
  if (!isPair || start === undefined || end === undefined || end < start) {
    throw new CommandFailure(
      `The marker lines "${beginMarker(domain)}" and "# END …" do not make one pair; mend that by hand.`,
    );
  }
  return { start, length: end - start + 1 };
}

function indexesOf(lines: readonly string[], marker: string): readonly number[] {
  return lines.flatMap((line, index) => (line.trimEnd() === marker ? [index] : []));
}
