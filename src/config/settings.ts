// The table of settings: one row each, with its flag, its environment variable and its help line.
// Command-line help, the loader and the configuration file all read this table, so they cannot
// differ.

export interface Setting {
  /** Name in the configuration file, and of the value in the program. */
  readonly name: string;
  /** As commander writes it, for example `--port <number>`; absent if there is no flag. */
  readonly flag?: string;
  readonly variable: string;
  readonly help: string;
  /**
   * Relative paths of the file are meant from the file's own folder, others from where one stands.
   */
  readonly isPath: boolean;
  /** Secrets are taken from the environment only: flags show in process lists, files in backups. */
  readonly environmentOnly?: true;
}

export const settings = [
  {
    name: 'dataDirectory',
    flag: '--data-dir <directory>',
    variable: 'STRONGROOM_DATA_DIR',
    help: 'where everything is kept (default: ./.strongroom)',
    isPath: true,
  },
  {
    name: 'domain',
    flag: '--domain <name>',
    variable: 'STRONGROOM_DOMAIN',
    help: 'DNS name that login, management, graph and the vaults stand under (default: localhost)',
    isPath: false,
  },
  {
    name: 'host',
    flag: '--host <address>',
    variable: 'STRONGROOM_HOST',
    help: 'address to listen on; 0.0.0.0 or :: for all (default: 127.0.0.1)',
    isPath: false,
  },
  {
    name: 'port',
    flag: '--port <number>',
    variable: 'STRONGROOM_PORT',
    help: 'port to listen on, 0 for any free one; part of every URL unless 443 (default: 8443)',
    isPath: false,
  },
  {
    name: 'httpPort',
    flag: '--http-port <number>',
    variable: 'STRONGROOM_HTTP_PORT',
    help: 'plain http for revocation lists, OCSP and ACME challenges only (default: not served)',
    isPath: false,
  },
  {
    name: 'acmeDirectory',
    flag: '--acme-directory <url>',
    variable: 'STRONGROOM_ACME_DIRECTORY',
    help: 'ACME directory that issuers with the provider ACME use (default: none)',
    isPath: false,
  },
  {
    name: 'acmeDnsWebhook',
    flag: '--acme-dns-webhook <url>',
    variable: 'STRONGROOM_ACME_DNS_WEBHOOK',
    help: 'told to make DNS records, so that ACME proves names by DNS instead of http',
    isPath: false,
  },
  {
    name: 'acmeDnsWebhookToken',
    variable: 'STRONGROOM_ACME_DNS_WEBHOOK_TOKEN',
    help: 'bearer token for --acme-dns-webhook',
    isPath: false,
    environmentOnly: true,
  },
  {
    name: 'issuerReach',
    flag: '--issuer-reach <addresses>',
    variable: 'STRONGROOM_ISSUER_REACH',
    help: 'where issuers of federated credentials may be asked for keys: public, private too, or loopback too (default: private)',
    isPath: false,
  },
  {
    name: 'output',
    flag: '--output <format>',
    variable: 'STRONGROOM_OUTPUT',
    help: 'text, or json: exactly one line once ready (default: text)',
    isPath: false,
  },
  {
    name: 'tlsCertFile',
    flag: '--tls-cert <file>',
    variable: 'STRONGROOM_TLS_CERT',
    help: 'PEM certificate chain to serve, instead of one from our own CA',
    isPath: true,
  },
  {
    name: 'tlsKeyFile',
    flag: '--tls-key <file>',
    variable: 'STRONGROOM_TLS_KEY',
    help: 'PEM private key of --tls-cert',
    isPath: true,
  },
  {
    name: 'keyFile',
    flag: '--key-file <file>',
    variable: 'STRONGROOM_KEY_FILE',
    help: 'root key file, made at first start (default: root.key in the data directory)',
    isPath: true,
  },
  {
    name: 'passphraseFile',
    flag: '--passphrase-file <file>',
    variable: 'STRONGROOM_PASSPHRASE_FILE',
    help: 'file with a passphrase that the root key is derived from, instead of a key file',
    isPath: true,
  },
  {
    name: 'attestationFile',
    flag: '--attestation-authorities <file>',
    variable: 'STRONGROOM_ATTESTATION_AUTHORITIES',
    help: 'JSON file: attestation services on whose word keys are released, with their keys',
    isPath: true,
  },
  {
    name: 'rootKey',
    variable: 'STRONGROOM_ROOT_KEY',
    help: 'the root key itself, instead of a key file',
    isPath: false,
    environmentOnly: true,
  },
  {
    name: 'hsmModule',
    flag: '--hsm-module <file>',
    variable: 'STRONGROOM_HSM_MODULE',
    help: 'PKCS#11 module of the HSM that makes and holds the -HSM keys of Premium vaults',
    isPath: true,
  },
  {
    name: 'hsmToken',
    flag: '--hsm-token <label>',
    variable: 'STRONGROOM_HSM_TOKEN',
    help: 'label of the token in that module',
    isPath: false,
  },
  {
    name: 'hsmPinFile',
    flag: '--hsm-pin-file <file>',
    variable: 'STRONGROOM_HSM_PIN_FILE',
    help: 'file with the PIN of the token, readable by its owner only',
    isPath: true,
  },
  {
    name: 'hsmPin',
    variable: 'STRONGROOM_HSM_PIN',
    help: 'the PIN itself, instead of a file',
    isPath: false,
    environmentOnly: true,
  },
  {
    name: 'smtpUrl',
    flag: '--smtp-url <url>',
    variable: 'STRONGROOM_SMTP_URL',
    help: 'mail server that tells certificate contacts, smtp(s)://host:port (default: no mail)',
    isPath: false,
  },
  {
    name: 'smtpUser',
    flag: '--smtp-user <name>',
    variable: 'STRONGROOM_SMTP_USER',
    help: 'who signs in to the mail server, with STRONGROOM_SMTP_PASSWORD',
    isPath: false,
  },
  {
    name: 'smtpPassword',
    variable: 'STRONGROOM_SMTP_PASSWORD',
    help: 'the password for the mail server',
    isPath: false,
    environmentOnly: true,
  },
  {
    name: 'mailFrom',
    flag: '--mail-from <address>',
    variable: 'STRONGROOM_MAIL_FROM',
    help: 'sender of mails (default: strongroom@ and the domain)',
    isPath: false,
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof settings)[number]['name'];

/** Raw values before they are checked. */
export type Values = { readonly [Name in SettingName]?: string };

/** Names the configuration file itself; cannot stand inside it. */
export const configFileSetting = {
  flag: '--config <file>',
  variable: 'STRONGROOM_CONFIG',
  help: 'JSON file with settings by name, for example {"port": 443}; flags and variables win',
} as const;
