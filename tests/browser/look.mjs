// A look at a page: a picture of it, and whether it can be used by everybody (WCAG A and AA).

import assert from 'node:assert/strict';

import axe from 'axe-core';

const { SCREENSHOTS } = process.env;

/**
 * Waits until nothing comes or goes any more: half faded in, every colour is paler than what a person reads. What turns
 * for ever (a spinner) is part of the page.
 */
async function still(page) {
  await page.waitForFunction(() => {
    const ends = (animation) => animation.effect?.getComputedTiming().endTime !== Infinity;
    const moves = document.getAnimations().some((animation) => animation.playState === 'running' && ends(animation));
    return !moves && !document.querySelector('[class*="-leave-active"], [class*="-enter-active"]');
  });
}

export async function look(page, name) {
  await still(page);
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
  // The page's own policy forbids strange scripts, so axe comes in by the debugger.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] }));
  assert.deepEqual(violations.map((found) => `${found.id}: ${found.nodes[0]?.html}`), [], `${name} is accessible`);
}
