// SPDX-License-Identifier: Apache-2.0
// Waiting for a condition, with a deadline; nothing here waits for time alone.

const lookEvery = 50;

/// Asks until the probe gives something truthy, and gives that back. `what` completes "waited N s for ...".
export async function until(what, probe, seconds = 10) {
  const deadline = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}${last instanceof Error ? `: ${last.message}` : ''}`);
    await new Promise(resolve => setTimeout(resolve, lookEvery));
  }
}
