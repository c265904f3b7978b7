/** A gate as its editor has it: every part of the rules there, whether it says something or not. */
import type { components } from '#shared/api/schema.d.ts';

type Schemas = components['schemas'];
export type Gate = Schemas['Gate'];
export type Zone = Schemas['GateZone'];
export type Needs = Required<Schemas['GateNeeds']>;
export type Draft = {
  zone: number;
  name: string;
  directions: Schemas['GateDirections'];
  failure: Schemas['GateFailure'];
  closed: boolean;
  rules: { forms: string[]; hours: { from: string; until: string }[]; leave: boolean; entering: Needs; leaving: Needs };
};

const needsOf = (needs: Schemas['GateNeeds'] | undefined): Needs => ({ report: needs?.report ?? false, normal: needs?.normal ?? false, permit: needs?.permit ?? 'never' });

/** What an editor of a gate begins with: what the gate says, or a gate that asks for a good code alone. */
export function draftOf(gate: Gate | { zone: number }): Draft {
  const known = 'id' in gate ? gate : null;
  return {
    zone: gate.zone,
    name: known?.name ?? '',
    directions: known?.directions ?? 'both',
    failure: known?.failure ?? 'closed',
    closed: Boolean(known?.closed_at),
    rules: {
      forms: [...(known?.rules.forms ?? [])],
      hours: (known?.rules.hours ?? []).map(({ from, until }) => ({ from, until })),
      leave: known?.rules.leave ?? false,
      entering: needsOf(known?.rules.entering),
      leaving: needsOf(known?.rules.leaving),
    },
  };
}

/** The directions a gate serves, one by one. */
export const served = (directions: Draft['directions']): ('in' | 'out')[] => (directions === 'both' ? ['in', 'out'] : [directions]);

/** Whether any direction of it looks at reports. */
export function looksAtReports({ directions, rules }: Draft): boolean {
  return served(directions).some((way) => {
    const needs = way === 'in' ? rules.entering : rules.leaving;
    return needs.report || needs.normal;
  });
}

/** Whether any direction of it asks for a permit. */
export function asksForPermits({ directions, rules }: Draft): boolean {
  return served(directions).some((way) => (way === 'in' ? rules.entering : rules.leaving).permit !== 'never');
}

const NOTHING: Needs = { report: false, normal: false, permit: 'never' };

/** What is sent: of a direction the gate does not serve nothing is asked, and of forms nothing where nobody looks at them. */
export function bodyOf(draft: Draft): Draft {
  const ways = served(draft.directions);
  return {
    ...draft,
    name: draft.name.trim(),
    rules: {
      ...draft.rules,
      forms: looksAtReports(draft) ? draft.rules.forms : [],
      entering: ways.includes('in') ? draft.rules.entering : NOTHING,
      leaving: ways.includes('out') ? draft.rules.leaving : NOTHING,
    },
  };
}
