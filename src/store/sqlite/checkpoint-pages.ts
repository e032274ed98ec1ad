/**
 * Pages of the log (4 KB each) after which the writing thread moves them into the file: 16 MB. A longer log means fewer
 * checkpoints, and a page of an index that changed many times is written once.
 */
export const CHECKPOINT_PAGES = 4000;
