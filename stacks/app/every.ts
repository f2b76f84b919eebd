// A schedule of EventBridge, and of its Scheduler.

/** @param minutes at least 1 */
export const every = (minutes: number): string => `rate(${minutes} ${minutes === 1 ? "minute" : "minutes"})`;
