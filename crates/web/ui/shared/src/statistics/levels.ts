import type { Department, Level, Me, Role } from '../api/types.ts';

const BELOW: Record<Level, Level | null> = { college: 'grade', grade: 'class', class: null, department: null };

/** The levels a table can be grouped by, the widest first. */
export const LEVELS: readonly Level[] = ['college', 'grade', 'class', 'department'];

const COLLEGE_ROLES: readonly Role[] = ['college_leader', 'college_office'];
const CLASS_ROLES: readonly Role[] = ['counsellor', 'class_assistant'];

/** The rows that appear when one opens a row of this level; null where its people appear. */
export function levelBelow(level: Level): Level | null {
  return BELOW[level];
}

/** Where the table starts for somebody: the widest thing they may see, not a table of one row. */
export function startLevel(me: Pick<Me, 'grants'>): Level {
  const roles = me.grants.map((grant) => grant.role);
  if (roles.length > 0 && roles.every((role) => CLASS_ROLES.includes(role))) return 'class';
  const colleges = new Set(me.grants.filter((grant) => COLLEGE_ROLES.includes(grant.role)).map((grant) => grant.department.id));
  const narrow = roles.every((role) => CLASS_ROLES.includes(role) || COLLEGE_ROLES.includes(role));
  return narrow && colleges.size === 1 ? 'grade' : 'college';
}

/**
 * The way down to where the table stands: the names that were opened. It travels in the history
 * entry, since an address with only the last id could not name the ones above.
 */
export type Trail = Department[];

/** Reads the trail of a history entry; empty where there is none, or one that does not end at the department. */
export function trailOf(state: unknown, department: number | undefined): Trail {
  const trail = (state as { trail?: unknown } | null)?.trail;
  if (department === undefined || !Array.isArray(trail)) return [];
  const steps = trail.filter((step): step is Department => typeof step === 'object' && step !== null && 'id' in step && 'name' in step);
  return steps.slice(-1)[0]?.id === department ? steps : [];
}

/** A level from an address, or nothing. */
export function asLevel(value: unknown): Level | undefined {
  return LEVELS.find((level) => level === value);
}

/** A department id from an address, or nothing. */
export function asDepartment(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** A slot of a day from an address, or nothing. */
export function asSlot(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,2}$/.test(value) ? Number(value) : undefined;
}

/** A calendar day from an address, or nothing. */
export function asDay(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined;
}
