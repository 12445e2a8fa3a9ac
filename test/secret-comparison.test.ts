// Secrets are compared in constant time, everywhere: the product has one function for it, and no
// operator or method that stops at the first difference is used on anything named as a secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isBinaryExpression,
  isCallExpression,
  isIdentifier,
  isPropertyAccessExpression,
} from 'typescript/unstable/ast/is';
import {
  everyNode,
  placeOf,
  readSourceFiles,
  type SourceFile,
} from '#test/architecture/source-files.ts';

const SECRET =
  /(secret|secretText|secretHash|password|passwordHash|passphrase|codeVerifier|verifier|pin|currentHash)$/i;
const EQUALITY: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.EqualsEqualsToken,
  SyntaxKind.EqualsEqualsEqualsToken,
  SyntaxKind.ExclamationEqualsToken,
  SyntaxKind.ExclamationEqualsEqualsToken,
]);
const STOPS_EARLY = /^(equals|compare|localeCompare|includes|indexOf|startsWith|endsWith)$/;

/** What one caller has typed twice: he knows both. */
const BOTH_ARE_THE_CALLERS: ReadonlyMap<string, number> = new Map([
  ['src/identity-provider/graph/users/operations.ts', 1],
  ['src/identity-provider/sign-in/change-password.ts', 2],
]);

/** The last name of `a.b.secretHash`. */
function lastName(node: Node): string {
  if (isIdentifier(node)) return node.text;
  return isPropertyAccessExpression(node) ? node.name.text : '';
}

/** Another value, not `undefined`, a literal or the like. */
function isValue(node: Node): boolean {
  if (isIdentifier(node)) return node.text !== 'undefined';
  return isPropertyAccessExpression(node) || isCallExpression(node);
}

function isHastyComparison(node: Node): boolean {
  if (isBinaryExpression(node) && EQUALITY.has(node.operatorToken.kind)) {
    const sides = [node.left, node.right];
    return sides.some((side) => SECRET.test(lastName(side))) && sides.every(isValue);
  }
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return false;
  const { name, expression } = node.expression;
  const compared = [expression, ...node.arguments];
  return STOPS_EARLY.test(name.text) && compared.some((one) => SECRET.test(lastName(one)));
}

function hastyIn(file: SourceFile): readonly string[] {
  return everyNode(file)
    .filter(isHastyComparison)
    .map((node) => `${placeOf(file, node)} ${node.getText(file.tree)}`);
}

test('no secret, and no hash of one, is compared but in constant time', () => {
  const product = readSourceFiles().filter(
    ({ path, isTest }) =>
      path.startsWith('src/') && !isTest && !path.startsWith('src/cryptography/'),
  );
  const wrong = product.flatMap((file) => {
    const found = hastyIn(file);
    return found.length === (BOTH_ARE_THE_CALLERS.get(file.path) ?? 0) ? [] : found;
  });
  assert.deepEqual(wrong, []);
});
