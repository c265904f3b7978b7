/** The built-in 健康日报 as the server gives it, for tests. */
import definition from '../../../../../../fixtures/forms/health-daily.json' with { type: 'json' };
import type { Field, Form, Receipt } from '../api/types.ts';

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
    legal_basis: definition.legal_basis,
    is_event: false,
    answered_before: true,
    day: '2020-03-04',
    slot: 0,
    slot_title: null,
    cutoff_at: '2020-03-04T10:00:00Z',
    open_trips: [],
    returned: [],
    abnormal: true,
    sent_back: false,
    behalf: null,
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

/** A receipt of it. */
export function receipt(changes: Partial<Receipt> = {}): Receipt {
  return {
    form: 'health-daily',
    day: '2020-03-04',
    slot: 0,
    receipt: 'R',
    revision: 1,
    state: 'normal',
    late: false,
    source: 'self',
    submitted_at: '2020-03-04T00:30:00Z',
    revised_at: '2020-03-04T00:30:00Z',
    ...changes,
  };
}
