/** A department that was picked, and what it is called here. */
export type Chosen = { id: number; path: string };
