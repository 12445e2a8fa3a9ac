import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ActionPatterns, compileActionPattern, matchesAction } from './action-pattern.ts';

function matches(pattern: string, action: string): boolean {
  return matchesAction(compileActionPattern(pattern), action.toLowerCase());
}

describe('action patterns', () => {
  it('without a wildcard match one action, without case', () => {
    assert.ok(matches('Microsoft.KeyVault/vaults/READ', 'microsoft.keyvault/vaults/read'));
    assert.ok(!matches('Microsoft.KeyVault/vaults/read', 'Microsoft.KeyVault/vaults/read/action'));
    assert.ok(!matches('Microsoft.KeyVault/vaults/read', 'xMicrosoft.KeyVault/vaults/read'));
  });

  it('a wildcard stands for any characters, slashes too', () => {
    assert.ok(matches('*', 'anything/at/all'));
    assert.ok(matches('*/read', 'Microsoft.KeyVault/vaults/read'));
    assert.ok(matches('Microsoft.KeyVault/*', 'Microsoft.KeyVault/vaults/secrets/delete'));
    assert.ok(
      matches('Microsoft.KeyVault/vaults/se*/delete', 'Microsoft.KeyVault/vaults/secrets/delete'),
    );
    assert.ok(!matches('*/read', 'Microsoft.KeyVault/vaults/write'));
    assert.ok(!matches('*/read', 'Microsoft.KeyVault/vaults/readMetadata/action'));
  });

  it('a dot is a dot', () => {
    assert.ok(!matches('Microsoft.KeyVault/*', 'MicrosoftXKeyVault/vaults/read'));
  });

  it('a wildcard in the middle may stand for no segment: Key Vault Reader reads the vault', () => {
    assert.ok(matches('Microsoft.KeyVault/vaults/*/read', 'Microsoft.KeyVault/vaults/read'));
    assert.ok(matches('Microsoft.KeyVault/vaults/*/read', 'Microsoft.KeyVault/vaults/keys/read'));
    assert.ok(!matches('Microsoft.KeyVault/vaults/*/read', 'Microsoft.KeyVault/vaultsread'));
    assert.ok(!matches('Microsoft.KeyVault/vaults/*/read', 'Microsoft.KeyVault/vaultsX/read'));
  });

  it('the ends of a pattern do not share characters of the action', () => {
    assert.ok(!matches('ab*bc', 'abc'));
    assert.ok(matches('ab*bc', 'abbc'));
  });

  it('an empty pattern matches nothing that is an action', () => {
    assert.ok(!matches('', 'a/b/read'));
    assert.ok(!new ActionPatterns(['']).match('a/b/read'));
    assert.ok(!new ActionPatterns([]).match(''));
  });

  it('agree with a regular expression', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', '/*/', '.', 'A');
    const pattern = fc.array(piece, { maxLength: 7 }).map((parts) => parts.join(''));
    const action = fc.array(fc.constantFrom('a', 'b', '/', '.'), { maxLength: 9 });
    fc.assert(
      fc.property(pattern, action, (text, parts) => {
        const path = parts.join('');
        assert.equal(matches(text, path), slowly(text).test(path), `${text} on ${path}`);
      }),
      { numRuns: 20_000 },
    );
  });

  it('take no longer on patterns made to be slow', () => {
    const startMs = performance.now();
    assert.ok(!matches(`${'a*'.repeat(4000)}b`, 'a'.repeat(8000)));
    assert.ok(performance.now() - startMs < 1000);
  });
});

/**
 * The same rule, by backtracking: a wildcard between slashes is optional together with one slash.
 */
function slowly(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    if (character !== '*') source += character.replace('.', '\\.');
    else if (pattern[at - 1] === '/' && pattern[at + 1] === '/') source += '(?:[^]*/)?';
    else source += '[^]*';
    // The slash behind an optional wildcard went into its group.
    if (source.endsWith(')?')) at += 1;
  }
  return new RegExp(`^${source}$`, 'i');
}
