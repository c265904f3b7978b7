/** The built-in 健康日报 as the server gives it, for tests. */
import definition from '../../../../../../fixtures/forms/health-daily.json' with { type: 'json' };
import type { Field, Form } from '../api/types.ts';

export const fields = definition.fields as Field[];

export function field(name: string): Field {
  const found = fields.find((one) => one.name === name);
  if (!found) throw new Error(`no field ${name}`);
  return found;
}

/** The form as it opens for somebody who reported on an earlier day, or today if `receipt` is given. */
export function healthDaily(changes: Partial<Form> = {}): Form {
  return {
    code: definition.code,
    title: definition.title,
    version: definition.version,
    purpose: definition.purpose,
    day: '2020-03-04',
    opens_at: '2020-03-03T16:00:00Z',
    closes_at: '2020-03-04T16:00:00Z',
    state: 'unreported',
    fields,
    answers: {},
    carried: [],
    receipt: null,
    ...changes,
  };
}
