/** What can be recorded by hand, in the order schools think of it. */
export const RECORDED = ['transfer', 'graduation', 'completion', 'withdrawal', 'departure', 'return', 'number'] as const;

/** Every kind a change on record may have. */
export const KINDS = [...RECORDED, 'stay', 'place'] as const;
