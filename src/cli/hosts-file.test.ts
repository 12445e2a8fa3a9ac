import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CommandFailure } from './command-failure.ts';
import { editHosts, readHosts } from './hosts-file.ts';

const entries = [
  { address: '127.0.0.1', name: 'login.localhost' },
  { address: '127.0.0.1', name: 'kv.vault.localhost' },
];
const block =
  '# BEGIN strongroom localhost\n127.0.0.1\tlogin.localhost\n127.0.0.1\tkv.vault.localhost\n# END strongroom localhost\n';

describe('hosts entries', () => {
  it('are added at the end, between markers', () => {
    assert.equal(editHosts('127.0.0.1 me\n', 'localhost', entries), `127.0.0.1 me\n${block}`);
    assert.equal(editHosts('127.0.0.1 me', 'localhost', entries), `127.0.0.1 me\n${block}`);
    assert.equal(editHosts('', 'localhost', entries), block);
  });

  it('installed twice are there once', () => {
    const once = editHosts('# mine\n', 'localhost', entries);
    assert.equal(editHosts(once, 'localhost', entries), once);
  });

  it('are replaced where they stand', () => {
    const content = `# above\n${block}# below\n`;
    const [first] = entries;
    assert.ok(first !== undefined);
    const changed = editHosts(content, 'localhost', [first]);
    assert.equal(
      changed,
      '# above\n# BEGIN strongroom localhost\n127.0.0.1\tlogin.localhost\n# END strongroom localhost\n# below\n',
    );
  });

  it('of another domain are left alone', () => {
    const both = editHosts(block, 'other.example', [{ address: '::1', name: 'x' }]);
    assert.ok(both.startsWith(block));
    assert.deepEqual(readHosts(both, 'localhost'), entries);
    assert.equal(editHosts(both, 'other.example', []), block);
  });

  it('are taken out without a trace', () => {
    assert.equal(editHosts(`# a\n${block}# b\n`, 'localhost', []), '# a\n# b\n');
    assert.equal(editHosts('# nothing of ours', 'localhost', []), '# nothing of ours');
  });

  it('keep Windows line ends', () => {
    const content = '# a\r\n';
    const edited = editHosts(content, 'localhost', entries);
    assert.equal(edited, `# a\r\n${block.replaceAll('\n', '\r\n')}`);
    assert.deepEqual(readHosts(edited, 'localhost'), entries);
    assert.equal(editHosts(edited, 'localhost', []), content);
  });

  it('are refused where the markers do not make a pair', () => {
    const begin = '# BEGIN strongroom localhost\n';
    const end = '# END strongroom localhost\n';
    for (const content of [begin, end, end + begin, begin + begin + end, block + block]) {
      assert.throws(() => editHosts(content, 'localhost', entries), CommandFailure, content);
      assert.throws(() => readHosts(content, 'localhost'), CommandFailure);
    }
  });

  it('never change a line of anybody else’s', () => {
    const line = fc.string().filter((text) => !/[\r\n]|strongroom/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (above, below) => {
        const content = [...above, ...block.trimEnd().split('\n'), ...below, ''].join('\n');
        const edited = editHosts(content, 'localhost', [{ address: '::1', name: 'n' }]);
        const removed = editHosts(edited, 'localhost', []);
        assert.equal(removed, [...above, ...below, ''].join('\n'));
      }),
    );
  });
});
