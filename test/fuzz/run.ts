// `npm run fuzz -- NUMBER`: that many broken certificate files against a served instance. Fails if
// one of them is not answered as it should be, or if memory grows with their number.
import process from 'node:process';
import { fuzzCertificates } from './certificate-inputs.ts';

const GROWTH_BYTES_MAX = 150_000_000;

const count = Number(process.argv[2] ?? 100_000);
const { wrong, ...figures } = await fuzzCertificates(count);
process.stdout.write(`${JSON.stringify(figures)}\n${wrong.join('\n')}\n`);
if (wrong.length > 0 || figures.grownBytes > GROWTH_BYTES_MAX) process.exitCode = 1;
