// How much of the proof npm test runs. `npm run prove` runs as much as asked, and checks itself
// within these runs.

/** Well over 1,000 sessions. */
export const TEST_RUNS = 450;
export const TEST_SEED = 1;
