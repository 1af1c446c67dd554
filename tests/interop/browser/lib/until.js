// SPDX-License-Identifier: Apache-2.0
// Waiting for a condition, with a deadline; nothing here waits for time alone.

const lookEvery = 50;

/// Asks until the probe gives something truthy, and gives that back. `what` completes "waited N s for ...".
export function until(what, probe, seconds = 10) {
  const deadline = Date.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    const look = async () => {
      let problem = '';
      try {
        const found = await probe();
        if (found) return resolve(found);
      } catch (error) {
        problem = `: ${error.message}`;
      }
      if (Date.now() > deadline) return reject(new Error(`waited ${seconds} s for ${what}${problem}`));
      setTimeout(look, lookEvery);
    };
    look();
  });
}
