// SPDX-License-Identifier: Apache-2.0
// Pictures of the page for people who look at them: saved where MADOGUCHI_PICTURES names a folder.

import {join} from 'node:path';

export async function picture(page, name) {
  const folder = process.env.MADOGUCHI_PICTURES;
  if (folder) await page.screenshot(join(folder, `${name}.png`));
}
