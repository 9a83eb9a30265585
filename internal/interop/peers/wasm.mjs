// Runs a Go program as a peer in Node, which has a WebSocket of its own from version 22 on; undici's is the same.
import { readFile } from 'node:fs/promises';
import { WebSocket } from 'undici';
import { lines, report } from './node.mjs';

globalThis.WebSocket ??= WebSocket;

const orders = [], waiting = [];
const pair = () => { while (orders.length && waiting.length) waiting.shift()(orders.shift()); };
lines(line => { orders.push(line); pair(); });

globalThis.interop = {
  next: () => new Promise(resolve => { waiting.push(resolve); pair(); }),
  report: async line => report(line),
};

await import(process.env.INTEROP_WASM_EXEC);
const go = new Go();
const { instance } = await WebAssembly.instantiate(await readFile(process.env.INTEROP_WASM), go.importObject);
await go.run(instance);
