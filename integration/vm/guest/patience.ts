/** Most milliseconds for anything that has to happen in the end. It slows nothing that happens sooner. */
export const patience = 240_000;
