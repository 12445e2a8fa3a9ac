// `strongroom trust`: one PEM file with the system's roots and our CA, and how each kind of client
// is told about it. Changes no trust store: that is the user's decision, and a variable is easier
// to undo.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getCACertificates, rootCertificates } from 'node:tls';
import { dataFiles } from '#config';
import { PUBLIC_MODE, writeWhole } from '#installation';
import { CommandFailure } from './command-failure.ts';
import { quoteForShell } from './quote.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----/g;
/** Subject of every instance's own CA. */
const AUTHORITY_SUBJECT = /^CN=Strongroom local CA [0-9a-f]{8}$/;

/** Writes the bundle and answers what to print. Throws CommandFailure before the first start. */
export function trustInstance(
  dataDirectory: string,
  { asExport }: { readonly asExport: boolean },
): string {
  const { caFile, caBundleFile } = dataFiles(dataDirectory);
  const bundle = buildBundle(loadAuthority(dataDirectory), systemRoots());
  writeWhole(caBundleFile, bundle.pem, PUBLIC_MODE);
  const files = { caFile, caBundleFile };
  if (asExport) return renderExports(files);
  return renderTrust(files, bundle.rootCount, dataDirectory);
}

/** Our CA's certificate, PEM. */
export function loadAuthority(dataDirectory: string): string {
  const { caFile } = dataFiles(dataDirectory);
  let text: string;
  try {
    text = readFileSync(caFile, 'utf8');
  } catch {
    throw new CommandFailure(
      `There is no CA in ${dataDirectory} yet: start the server there first, or name another --data-dir.`,
    );
  }
  const [certificate] = text.match(CERTIFICATE) ?? [];
  if (certificate === undefined) throw new CommandFailure(`${caFile} holds no certificate.`);
  return certificate;
}

/** What this system trusts; Node's own list where the system has none, as in small containers. */
export function systemRoots(): readonly string[] {
  const system = getCACertificates('system');
  return system.length > 0 ? system : rootCertificates;
}

/**
 * The roots, each once, then ours. A CA of another instance comes from an earlier bundle, by way of
 * SSL_CERT_FILE, and is left out: who holds its key is not known here.
 */
export function buildBundle(
  authorityPem: string,
  roots: readonly string[],
): { readonly pem: string; readonly rootCount: number } {
  const kept = new Map<string, string>();
  for (const pem of roots.flatMap((text) => text.match(CERTIFICATE) ?? [])) {
    const root = new X509Certificate(pem);
    if (!AUTHORITY_SUBJECT.test(root.subject)) kept.set(root.fingerprint256, pem.trim());
  }
  const pem = `${[...kept.values(), authorityPem.trim()].join('\n')}\n`;
  return { pem, rootCount: kept.size };
}

interface TrustFiles {
  readonly caFile: string;
  readonly caBundleFile: string;
}

function variables({ caFile, caBundleFile }: TrustFiles): ReadonlyMap<string, string> {
  // Node adds to its own roots; the others replace theirs.
  return new Map([
    ['NODE_EXTRA_CA_CERTS', caFile],
    ['REQUESTS_CA_BUNDLE', caBundleFile],
    ['SSL_CERT_FILE', caBundleFile],
    ['CURL_CA_BUNDLE', caBundleFile],
  ]);
}

function renderExports(files: TrustFiles): string {
  return [...variables(files)]
    .map(([name, path]) => `export ${name}=${quoteForShell(path)}\n`)
    .join('');
}

function renderTrust(files: TrustFiles, rootCount: number, dataDirectory: string): string {
  const set = (name: string) => `export ${name}=${quoteForShell(variables(files).get(name) ?? '')}`;
  const ca = quoteForShell(files.caFile);
  const where = `--data-dir ${quoteForShell(dataDirectory)}`;
  const store = quoteForShell(join(dirname(files.caFile), 'truststore.p12'));
  return `Wrote ${files.caBundleFile}: the roots of this system (${rootCount}) and Strongroom's own CA.

Set the variable of your client:

  Node                ${set('NODE_EXTRA_CA_CERTS')}
  Python, az          ${set('REQUESTS_CA_BUNDLE')}
  Go, Terraform       ${set('SSL_CERT_FILE')}
  .NET on Linux       ${set('SSL_CERT_FILE')}
  curl                ${set('CURL_CA_BUNDLE')}
  Java                cp "$JAVA_HOME/lib/security/cacerts" ${store}
                      keytool -importcert -noprompt -alias strongroom -storepass changeit \\
                        -file ${ca} -keystore ${store}
                      export JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=${store}

.NET on macOS and Windows, and browsers, read the system's store:

  macOS               sudo security add-trusted-cert -d -r trustRoot \\
                        -k /Library/Keychains/System.keychain ${ca}
  Windows             certutil -user -addstore Root ${ca}

All of the variables at once:

  eval "$(npm run --silent strongroom -- trust --export ${where})"
`;
}
