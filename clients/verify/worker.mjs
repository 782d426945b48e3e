// @ts-check
// Verifies beside the page, so that the page stays quick. Nothing leaves the machine: this file and
// those that it imports ask for no address.

import { CannotCheck } from './faults.mjs';
import { verify } from './verify.mjs';

onmessage = async ({ data: { run, bundle, receipt, noticed } }) => {
  try {
    const report = await verify(new Uint8Array(bundle), {
      receipt: receipt === null ? undefined : new Uint8Array(receipt),
      noticed: noticed === '' ? undefined : noticed,
      report: (progress) => postMessage({ run, progress }),
    });
    postMessage({ run, report });
  } catch (error) {
    postMessage({ run, lacks: error instanceof CannotCheck ? error.message : String(error) });
  }
};
postMessage({ ready: true });
