/** Why somebody need not answer, in the order schools think of it. */
export const KINDS = ['leave', 'internship', 'suspension', 'deferral'] as const;
