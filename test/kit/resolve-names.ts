// Makes the names of a test instance (`login.D`, `*.vault.D`) resolve to this machine inside one
// Node process, without touching the machine's hosts file. Only the address is given; certificates
// are checked against the name as always. Loaded with `--import`, it takes the domain from the
// environment.
import dns from 'node:dns';
import { env } from 'node:process';

const original = dns.lookup;

/** Every name in `domain`, and `domain` itself, resolves to `address` from now on. */
export function resolveNames(domain: string, address = '127.0.0.1'): void {
  const suffix = `.${domain}`;
  Object.assign(dns, {
    lookup(name: string, ...rest: unknown[]): unknown {
      const ours = name === domain || name.endsWith(suffix);
      return Reflect.apply(original, dns, [ours ? address : name, ...rest]);
    },
  });
}

const domain = env.STRONGROOM_TEST_DOMAIN;
if (domain !== undefined) resolveNames(domain);
