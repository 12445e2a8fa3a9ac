// The rules that keep this code base readable and its promises true. Each failure names the place.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import type { Node } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import {
  isAsExpression,
  isCallExpression,
  isExportAssignment,
  isFunctionLikeDeclaration,
  isIdentifier,
  isNewExpression,
  isNonNullExpression,
  isNoSubstitutionTemplateLiteral,
  isPropertyAccessExpression,
  isRegularExpressionLiteral,
  isStringLiteral,
  isTemplateExpression,
  isTypeAssertion,
} from 'typescript/unstable/ast/is';
import { parse, z } from '#kernel';
import { importsOf } from '#test/architecture/imports.ts';
import {
  type Confinement,
  type Countable,
  compositionRoot,
  confinedExpressions,
  confinedModules,
  confinedNames,
  emptyNames,
  exceptions,
  floors,
  sizes,
} from '#test/architecture/rules.ts';
import {
  everyNode,
  lineOf,
  placeOf,
  projectRoot,
  readSourceFiles,
  type SourceFile,
} from '#test/architecture/source-files.ts';

const files = readSourceFiles();
const product = files.filter(({ path, isTest }) => path.startsWith('src/') && !isTest);
const folders = [...new Set(product.flatMap(({ folder }) => folder ?? []))].sort();

const INDENT = 2;

function floorOf(folder: string): number {
  return floors.findIndex((names) => names.includes(folder));
}

function assertNone(found: readonly string[], rule: string): void {
  if (found.length > 0) assert.fail(`${rule}:\n${found.join('\n')}\n`);
}

function isAllowed(path: string, what: string, confinement: Confinement): boolean {
  // Own properties only: an expression may well be called `constructor`.
  if (!Object.hasOwn(confinement, what)) return true;
  return confinement[what]?.some((place) => path.startsWith(place)) ?? false;
}

/** Fails unless each file breaks the rule exactly as often as its listed exception says. */
function assertCounts(rule: Countable, found: ReadonlyMap<string, readonly string[]>): void {
  const paths = new Set([...found.keys(), ...Object.keys(exceptions[rule])]);
  const wrong = [...paths].flatMap((path) => {
    const places = found.get(path) ?? [];
    const allowed = exceptions[rule][path] ?? 0;
    if (places.length > allowed) return places;
    return places.length < allowed ? [`${path}: the exception may shrink to ${places.length}`] : [];
  });
  assertNone(wrong, rule);
}

function collect(
  among: readonly SourceFile[],
  find: (file: SourceFile) => readonly string[],
): ReadonlyMap<string, readonly string[]> {
  return new Map(among.map((file) => [file.path, find(file)]));
}

describe('floors', () => {
  test('every folder stands on one, has an index.ts, and is entered by its #name', () => {
    assert.deepEqual(
      folders.filter((folder) => floorOf(folder) < 0),
      [],
      'folders without a floor',
    );
    assert.deepEqual(floors.flat().toSorted(), folders, 'floors without a folder');
    const manifest = parse(
      z.object({ imports: z.record(z.string(), z.string()) }),
      JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')),
      'body',
    );
    for (const folder of folders) {
      const index = `./src/${folder}/index.ts`;
      assert.ok(existsSync(join(projectRoot, index)), `${index} is missing`);
      assert.equal(manifest.imports[`#${folder}`], index);
    }
  });

  test('a folder imports lower floors only', () => {
    const upward = product.flatMap((file) => {
      const { folder } = file;
      if (folder === undefined) return [];
      return importsOf(file)
        .filter(({ from }) => from.startsWith('#') && floorOf(from.slice(1)) >= floorOf(folder))
        .map(({ place, from }) => `${place} imports ${from}`);
    });
    assertNone(upward, 'imports of the same or a higher floor');
  });

  test('a folder is entered only through its #name, never by path', () => {
    const around = files.flatMap((file) =>
      importsOf(file)
        .filter(({ from }) => from.startsWith('.') && leavesFolder(file, from))
        .map(({ place, from }) => `${place} imports ${from}`),
    );
    assertNone(around, 'imports by path into another folder');
  });

  test('nothing of the product imports a test, a tool or something unnamed', () => {
    const wrong = product.flatMap((file) =>
      importsOf(file)
        .filter(
          ({ from }) => from.endsWith('.test.ts') || /^(#test|\/|file:|\(computed)/.test(from),
        )
        .map(({ place, from }) => `${place} imports ${from}`),
    );
    assertNone(wrong, 'imports that the product may not make');
  });

  test('only the composition root is above all floors', () => {
    const loose = product.filter(
      ({ folder, path }) => folder === undefined && path !== compositionRoot,
    );
    assertNone(
      loose.map(({ path }) => path),
      'files directly under src',
    );
  });
});

function leavesFolder({ path, folder }: SourceFile, from: string): boolean {
  const target = normalize(join(dirname(path), from));
  if (folder !== undefined) return !target.startsWith(`src/${folder}/`);
  // main.ts and what stands outside src may import by path, but not into a folder of src.
  return target.startsWith('src/') && target !== compositionRoot;
}

describe('capabilities are confined:', () => {
  test('modules', () => {
    const wrong = product.flatMap((file) =>
      importsOf(file)
        .filter(({ from }) => !isAllowed(file.path, moduleName(from), confinedModules))
        .map(({ place, from }) => `${place} uses ${from}`),
    );
    assertNone(wrong, 'modules used where they may not be');
  });

  test('every run-time dependency has its places', () => {
    const manifest = parse(
      z.object({ dependencies: z.record(z.string(), z.string()) }),
      JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')),
      'body',
    );
    const everywhere = Object.keys(manifest.dependencies).filter(
      (name) => !Object.hasOwn(confinedModules, name),
    );
    assertNone(everywhere, 'dependencies without a line in test/architecture/rules.ts');
  });

  test('expressions', () => {
    const wrong = product.flatMap((file) =>
      everyNode(file)
        .map((node) => ({ node, name: expressionName(node) }))
        .filter(({ name }) => !isAllowed(file.path, name, confinedExpressions))
        .map(({ node, name }) => `${placeOf(file, node)} uses ${name}`),
    );
    assertNone(wrong, 'expressions used where they may not be');
  });

  test('the making of a Grant, and the comparison of secrets', () => {
    const imports = product.flatMap((file) =>
      importsOf(file).map((imported) => ({ ...imported, path: file.path })),
    );
    const wrong = imports.flatMap(({ path, place, names }) =>
      names
        .filter((name) => !isAllowed(path, name, confinedNames))
        .map((name) => `${place} imports ${name}`),
    );
    assertNone(wrong, 'names imported where they may not be');
    const whole = imports.filter(({ from, names }) => from === '#kernel' && names.includes('*'));
    assertNone(
      whole.map(({ place }) => place),
      'imports of the whole kernel, which hide the names that are used',
    );
  });
});

/** `node:fs` speaks for `node:fs/promises`, `@scope/name` for its subpaths. */
function moduleName(from: string): string {
  const known = Object.keys(confinedModules);
  return known.find((name) => from === name || from.startsWith(`${name}/`)) ?? from;
}

/** `Date.now`, `new Date()`, `fetch`; empty for what is none of these. */
function expressionName(node: Node): string {
  if (isPropertyAccessExpression(node)) {
    return isIdentifier(node.expression) ? `${node.expression.text}.${node.name.text}` : '';
  }
  if (isNewExpression(node) && isIdentifier(node.expression)) {
    const { text } = node.expression;
    if (text === 'Date') return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : '';
    return `new ${text}`;
  }
  return isCallExpression(node) && isIdentifier(node.expression) ? node.expression.text : '';
}

describe('names', () => {
  test('say what is inside', () => {
    const empty = files.filter(({ path }) =>
      path.split('/').some((part) => emptyNames.test(part.replace(/(\.test)?\.ts$/, ''))),
    );
    assertNone(
      empty.map(({ path }) => path),
      'files and folders with an empty name',
    );
  });

  test('are exported as such, never as a default', () => {
    const defaults = files.flatMap((file) =>
      everyNode(file)
        .filter((node) => isExportAssignment(node) || node.kind === SyntaxKind.DefaultKeyword)
        .filter((node) => isExportAssignment(node) || isDefaultExport(node))
        .map((node) => placeOf(file, node)),
    );
    assertNone(defaults, 'default exports');
  });
});

/** `default:` of a switch is no keyword node of its own; the modifier of a declaration is. */
function isDefaultExport(node: Node): boolean {
  return node.kind === SyntaxKind.DefaultKeyword && node.parent !== undefined;
}

describe('types are not talked out of', () => {
  test('no `as` but `as const`, no `!`, no `any`, outside kernel/schema.ts', () => {
    const among = files.filter(({ path, isTest }) => !isTest && path !== 'src/kernel/schema.ts');
    const casts = collect(among, (file) =>
      everyNode(file)
        .filter((node) => isCast(file, node))
        .map((node) => `${placeOf(file, node)} ${node.getText(file.tree).split('\n')[0]}`),
    );
    assertCounts('casts', casts);
  });

  test('and the checker is not switched off', () => {
    const off = files.flatMap(({ path, lines, isTest }) =>
      lines.flatMap((line, index) => (isSwitch(line, isTest) ? [`${path}:${index + 1}`] : [])),
    );
    assertNone(off, 'places where a checker is switched off');
  });
});

/**
 * The compiler is never switched off. The linter may be where a test reads untyped answers, and
 * where a regular expression names control characters to refuse them.
 */
function isSwitch(line: string, isTest: boolean): boolean {
  const comment = /^\s*(?:\/\/|\/\*|\*)\s*(@ts-\w+|biome-ignore\s+\S+)/.exec(line)?.[1];
  if (comment === undefined || comment.endsWith('/noControlCharactersInRegex:')) return false;
  return comment.startsWith('@ts-') || !isTest;
}

function isCast(file: SourceFile, node: Node): boolean {
  if (isAsExpression(node)) return node.type.getText(file.tree) !== 'const';
  const isAny = node.kind === SyntaxKind.AnyKeyword;
  return isTypeAssertion(node) || isNonNullExpression(node) || isAny;
}

describe('sizes', () => {
  test(`the composition root has at most ${sizes.compositionRootLines} lines`, () => {
    const main = files.find(({ path }) => path === compositionRoot);
    assert.ok(main !== undefined, `${compositionRoot} is missing`);
    assert.ok(
      main.lines.length - 1 <= sizes.compositionRootLines,
      `${main.lines.length - 1} lines`,
    );
  });

  test(`files have at most ${sizes.fileLines} lines`, () => {
    const long = collect(files, ({ path, lines }) =>
      lines.length - 1 > sizes.fileLines ? [`${path} has ${lines.length - 1} lines`] : [],
    );
    assertCounts('fileLines', long);
  });

  test(`lines have at most ${sizes.lineColumns} columns`, () => {
    const long = collect(files, (file) => {
      const unbreakable = linesOfLongLiterals(file);
      return file.lines.flatMap((line, index) => {
        const columns = [...line].length;
        if (columns <= sizes.lineColumns || unbreakable.has(index + 1)) return [];
        return [`${file.path}:${index + 1} has ${columns} columns`];
      });
    });
    assertCounts('lineColumns', long);
  });

  test(`functions have at most ${sizes.functionLines} lines`, () => {
    const among = files.filter(({ isTest }) => !isTest);
    const long = collect(among, (file) =>
      everyNode(file)
        .filter(isFunctionLikeDeclaration)
        .flatMap((node) => {
          const lines = node.getText(file.tree).split('\n').length;
          return lines > sizes.functionLines ? [`${placeOf(file, node)} has ${lines} lines`] : [];
        }),
    );
    assertCounts('functionLines', long);
  });

  test(`functions take at most ${sizes.parameters} parameters, then a named object`, () => {
    const among = files.filter(({ isTest }) => !isTest);
    const many = collect(among, (file) =>
      everyNode(file)
        .filter(isFunctionLikeDeclaration)
        .flatMap((node) => {
          const { length } = node.parameters;
          return length > sizes.parameters ? [`${placeOf(file, node)} takes ${length}`] : [];
        }),
    );
    assertCounts('parameters', many);
  });
});

/** A text or a pattern that does not fit a line of its own either, such as a message of Azure's. */
function linesOfLongLiterals(file: SourceFile): ReadonlySet<number> {
  const literals = everyNode(file).filter(
    (node) =>
      isStringLiteral(node) ||
      isNoSubstitutionTemplateLiteral(node) ||
      isTemplateExpression(node) ||
      isRegularExpressionLiteral(node),
  );
  return new Set(
    literals
      .map((node) => ({ number: lineOf(file, node), length: [...node.getText(file.tree)].length }))
      .filter(({ number, length }) => {
        const indentation = file.lines[number - 1]?.search(/\S/) ?? 0;
        return indentation + INDENT + length + ','.length > sizes.lineColumns;
      })
      .map(({ number }) => number),
  );
}

describe('text', () => {
  test('a file of the product opens with what it is and what it refuses to do', () => {
    const silent = product.filter(
      ({ path, lines }) => !path.endsWith('/index.ts') && !lines[0]?.startsWith('// '),
    );
    assertNone(
      silent.map(({ path }) => path),
      'files without an opening',
    );
  });

  test('nothing is put off, no test is left out', () => {
    const wanted = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X|HA', 'CK'].join(''));
    const putOff = files.flatMap(({ path, lines, isTest }) =>
      lines.flatMap((line, index) => {
        const isLeftOut = isTest && /\b(test|it|describe)\.(only|todo)\b/.test(line);
        return isLeftOut || new RegExp(`\\b(${wanted.source})\\b`).test(line)
          ? [`${path}:${index + 1}`]
          : [];
      }),
    );
    assertNone(putOff, 'things put off');
  });
});
