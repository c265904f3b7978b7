import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en as adminEn } from '../../../admin/src/locale/en.ts';
import { zh as adminZh } from '../../../admin/src/locale/zh.ts';
import { en as gateEn } from '../../../gate/src/locale/en.ts';
import { zh as gateZh } from '../../../gate/src/locale/zh.ts';
import { en as h5En } from '../../../h5/src/locale/en.ts';
import { zh as h5Zh } from '../../../h5/src/locale/zh.ts';

const api = JSON.parse(readFileSync(new URL('../../../../../../docs/openapi.json', import.meta.url), 'utf8')) as {
  components: { schemas: { GateRefusal: { enum: string[] } } };
};
/** Every reason a gate may give. */
const CODES = api.components.schemas.GateRefusal.enum;

test('there are reasons', () => {
  expect(CODES).toContain('no_report');
});

test.each([
  // Members read these of their own scans; visitors have no account.
  ['h5', 'refusal', h5Zh, h5En, CODES.filter((code) => !code.startsWith('visit_'))],
  ['admin', 'passages.reason', adminZh, adminEn, CODES],
  ['gate', 'gate.reason', gateZh, gateEn, CODES],
] as [string, string, Record<string, string>, Record<string, string>, string[]][])('%s says every reason in both languages, and none that is no more', (_, prefix, zh, en, codes) => {
  for (const words of [zh, en]) {
    const said = Object.keys(words).filter((key) => key.startsWith(`${prefix}.`));
    expect(said.sort()).toEqual(codes.map((code) => `${prefix}.${code}`).sort());
    for (const key of said) expect(words[key]?.trim()).toBeTruthy();
  }
  for (const code of codes) expect(en[`${prefix}.${code}`]).not.toBe(zh[`${prefix}.${code}`]);
});
