// What a file imports, in whichever way TypeScript lets it.
import type { Expression, ImportDeclaration, Node } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedImports,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import { everyNode, placeOf, type SourceFile } from './source-files.ts';

export interface Import {
  readonly place: string;
  /** `#kernel`, `./clock.ts`, `node:fs`, `zod`. */
  readonly from: string;
  /** Imported names, as exported; `*` for the whole module. */
  readonly names: readonly string[];
}

export function importsOf(file: SourceFile): readonly Import[] {
  return everyNode(file).flatMap((node) => {
    const from = specifier(node);
    if (from === undefined) return [];
    const names = isImportDeclaration(node) ? namesOf(node) : [];
    return [{ place: placeOf(file, node), from, names }];
  });
}

function specifier(node: Node): string | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) {
    return textOf(node.moduleSpecifier);
  }
  if (isImportTypeNode(node)) {
    return isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : undefined;
  }
  if (isCallExpression(node)) {
    const callee = node.expression.getText();
    if (callee === 'import' || callee === 'require')
      return textOf(node.arguments[0]) ?? '(computed)';
  }
  return undefined;
}

function textOf(node: Node | Expression | undefined): string | undefined {
  return node !== undefined && isStringLiteral(node) ? node.text : undefined;
}

function namesOf({ importClause }: ImportDeclaration): readonly string[] {
  const bindings = importClause?.namedBindings;
  if (bindings === undefined) return [];
  if (!isNamedImports(bindings)) return ['*'];
  return bindings.elements.map(({ name, propertyName }) => {
    const exported = propertyName ?? name;
    return isIdentifier(exported) ? exported.text : '';
  });
}
