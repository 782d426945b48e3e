// @ts-check
// node clients/verify/terminal.mjs BUNDLE.zip [RECEIPT.json]: the page's verifier without the page.
// Prints one JSON line a bundle; `-` instead of a file reads {"bundle", "receipt_base64", "notice"} a line.

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { verify } from './verify.mjs';

/** @param {{bundle: string, receipt?: Uint8Array, notice?: string | null}} asked */
async function answer({ bundle, receipt, notice }) {
  const found = await verify(await readFile(bundle), { receipt, noticed: notice ?? undefined });
  const { accepted, code, where, manifest, certificate, receipt: place } = found;
  console.log(JSON.stringify({ accepted, code, where, manifest, certificate, receipt: place }));
  return accepted;
}

const [bundle, receipt] = process.argv.slice(2);
if (bundle === '-') {
  for await (const line of createInterface({ input: process.stdin })) {
    const { receipt_base64: paper, ...asked } = JSON.parse(line);
    await answer({ ...asked, receipt: paper === null ? undefined : Buffer.from(paper, 'base64') });
  }
} else if (bundle === undefined) {
  console.error('Give the bundle: node clients/verify/terminal.mjs BUNDLE.zip [RECEIPT.json]');
  process.exitCode = 2;
} else {
  process.exitCode = (await answer({ bundle, receipt: receipt === undefined ? undefined : await readFile(receipt) })) ? 0 : 1;
}
