import { resolve } from 'node:path';

/** The repository's root. */
export const checkout = resolve(import.meta.dirname, '../..');
