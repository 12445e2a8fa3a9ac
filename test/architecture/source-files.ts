// The project's own TypeScript files, parsed by the compiler that checks them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Node, SourceFile as Tree } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the project's root, with forward slashes: `src/kernel/clock.ts`. */
  readonly path: string;
  /** `kernel` for everything under `src/kernel`; `undefined` for `src/main.ts` and outside src. */
  readonly folder: string | undefined;
  /** Also what only tests use: `*.fixture.ts`, and everything under `test`. */
  readonly isTest: boolean;
  readonly text: string;
  readonly lines: readonly string[];
  readonly tree: Tree;
}

/** Every file that tsconfig.json names, sorted by path. */
export function readSourceFiles(): readonly SourceFile[] {
  const api = new API({ cwd: projectRoot });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(projectRoot, 'tsconfig.json')] });
    const [project] = snapshot.getProjects();
    if (project === undefined) throw new Error('tsconfig.json could not be opened');
    return [...project.rootFiles].sort().map((name) => {
      const tree = project.program.getSourceFile(name);
      if (tree === undefined) throw new Error(`${name} could not be parsed`);
      return sourceFile(name, tree);
    });
  } finally {
    api.close();
  }
}

function sourceFile(name: string, tree: Tree): SourceFile {
  const path = name.slice(projectRoot.length);
  const text = readFileSync(name, 'utf8');
  const [top, folder, ...rest] = path.split('/');
  return {
    path,
    folder: top === 'src' && rest.length > 0 ? folder : undefined,
    isTest: /\.(test|fixture)\.ts$/.test(path) || top === 'test',
    text,
    lines: text.split('\n'),
    tree,
  };
}

/** Every node of the file, outer before inner. */
export function everyNode({ tree }: SourceFile): readonly Node[] {
  const nodes: Node[] = [];
  const visit = (node: Node): void => {
    nodes.push(node);
    node.forEachChild(visit);
  };
  visit(tree);
  return nodes;
}

/** Line on which `node` begins, from 1. */
export function lineOf(file: SourceFile, node: Node): number {
  return file.text.slice(0, node.getStart(file.tree)).split('\n').length;
}

/** `path:line` where `node` begins. */
export function placeOf(file: SourceFile, node: Node): string {
  return `${file.path}:${lineOf(file, node)}`;
}
