// Pieces of Amazon States Language that the maintenance server's states are made of.
import { MAINTENANCE_TAG } from "../../../config";

export type State = { Type: string } & Record<string, unknown>;

/** An instance in these states is there; one that is shutting down will not be. */
const LIVE_STATES = ["pending", "running", "stopping", "stopped"];

export const ofStage = (prefix: string) => ({ Name: `tag:${MAINTENANCE_TAG}`, Values: [prefix] });
export const inState = (states: string[]) => ({ Name: "instance-state-name", Values: states });
/** Filters that find the stage's maintenance servers. */
export const whatIsLeft = (prefix: string) => [ofStage(prefix), inState(LIVE_STATES)];

/** Throttling, outages, and what a new instance or command is not yet known to. */
const RETRY = [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 3, MaxAttempts: 4, BackoffRate: 2 }];

/** Whatever goes wrong is remembered, and the execution goes on at `Next`. */
export const whatever = (Next: string, Assign: Record<string, string> = {}) => [
  {
    ErrorEquals: ["States.ALL"],
    Assign: { ...Assign, failure: "{% $states.errorOutput.Error & ': ' & $states.errorOutput.Cause %}" },
    Next,
  },
];

/** A call of an AWS API, tried again, and in the end followed by the removal: `task("ec2:runInstances", …)`. */
export const task = (api: string, state: Record<string, unknown>): State => ({
  Type: "Task",
  Resource: `arn:aws:states:::aws-sdk:${api}`,
  Retry: RETRY,
  Catch: whatever("FindOwn"),
  ...state,
});
