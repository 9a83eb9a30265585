// What the peers of Node have in common.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

export const compression = JSON.parse(process.env.INTEROP_COMPRESSION || 'false');
export const subprotocols = process.env.INTEROP_SUBPROTOCOLS.split(',');

export const report = line => console.log(line);
export const digest = async data => createHash('sha256').update(new Uint8Array(data)).digest('hex');

// Calls each with every line of the standard input, and ends with it.
export function lines(each) {
  createInterface({ input: process.stdin }).on('line', each).on('close', () => process.exit());
}
