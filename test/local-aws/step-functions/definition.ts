// The part of Amazon States Language that this project's state machines use; what else it has is refused, not guessed.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
import { AwsError } from "../service";

export interface Retrier {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
}

export interface Catcher {
  ErrorEquals: string[];
  Assign?: Record<string, unknown>;
  Output?: unknown;
  Next: string;
}

export interface State {
  Type: "Task" | "Choice" | "Wait" | "Pass" | "Succeed" | "Fail";
  Next?: string;
  End?: boolean;
  Assign?: Record<string, unknown>;
  Output?: unknown;
  Resource?: string;
  Arguments?: unknown;
  Retry?: Retrier[];
  Catch?: Catcher[];
  Choices?: { Condition: string; Next: string; Assign?: Record<string, unknown> }[];
  Default?: string;
  Seconds?: unknown;
  Timestamp?: unknown;
  Error?: unknown;
  Cause?: unknown;
}

export interface Definition {
  QueryLanguage: "JSONata";
  StartAt: string;
  States: Record<string, State>;
}

const COMMON = ["Type", "Comment", "Next", "End", "Assign", "Output"];
const MEMBERS: Record<State["Type"], string[]> = {
  Task: [...COMMON, "Resource", "Arguments", "Retry", "Catch"],
  Choice: ["Type", "Comment", "Choices", "Default"],
  Wait: [...COMMON, "Seconds", "Timestamp"],
  Pass: COMMON,
  Succeed: ["Type", "Comment", "Output"],
  Fail: ["Type", "Comment", "Error", "Cause"],
};

/** Where a state leads to. */
const followers = ({ Next, Default, Choices = [], Catch = [] }: State): string[] =>
  [Next, Default, ...[...Choices, ...Catch].map((way) => way.Next)].filter((name) => name !== undefined);

/** @throws AwsError InvalidDefinition with everything that is wrong */
export function parseDefinition(text: string): Definition {
  const definition = JSON.parse(text) as Definition;
  const { States = {}, StartAt, QueryLanguage } = definition;
  const problems: string[] = [];
  if (QueryLanguage !== "JSONata") problems.push("only QueryLanguage JSONata is known here");
  const reached = new Set<string>();
  const reach = (name: string) => {
    const state = States[name];
    if (!state) problems.push(`there is no state ${name}`);
    if (!state || reached.has(name)) return;
    reached.add(name);
    followers(state).forEach(reach);
  };
  reach(StartAt);
  for (const [name, state] of Object.entries(States)) {
    if (!reached.has(name)) problems.push(`no way leads to state ${name}`);
    const unknown = Object.keys(state).filter((member) => !MEMBERS[state.Type]?.includes(member));
    if (unknown.length) problems.push(`${name} (${state.Type}) has ${unknown.join(", ")}`);
    const ends = ["Succeed", "Fail"].includes(state.Type) || state.End === true;
    if (!ends && !state.Next && state.Type !== "Choice") problems.push(`${name} leads nowhere`);
    if (state.Type === "Wait" && (state.Seconds === undefined) === (state.Timestamp === undefined))
      problems.push(`${name} needs Seconds or Timestamp`);
  }
  if (problems.length)
    throw new AwsError("InvalidDefinition", `Invalid State Machine Definition: ${problems.join("; ")}`);
  return definition;
}
