/** Source guard (design D8). */
export type GuardMode = 'off' | 'warn' | 'enforce';
