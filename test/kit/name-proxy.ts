// A proxy for programs that cannot be told how to resolve a name, or ask the default port whatever
// the authority's is: they reach the names of a test instance through it, and nothing else. What
// goes through is TLS between the two ends; certificates are checked against the name as always.
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { Instance } from './instance.ts';

const HTTPS_PORT = 443;

/** Gives its address, for `HTTPS_PROXY`; it ends with the process. */
export async function startNameProxy(instance: Pick<Instance, 'domain' | 'port'>): Promise<string> {
  const { domain } = instance;
  const server = createServer((_request, response) => response.writeHead(403).end());
  server.on('connect', (request, client) => {
    const { hostname, port } = new URL(`tcp://${request.url ?? ''}`);
    client.on('error', () => client.destroy());
    if (hostname !== domain && !hostname.endsWith(`.${domain}`)) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const asked = Number(port);
    const upstream = connect(asked === HTTPS_PORT ? instance.port : asked, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return `http://127.0.0.1:${port}`;
}
