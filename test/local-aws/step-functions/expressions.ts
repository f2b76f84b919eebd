// JSONata in Amazon States Language: strings between {% and %} are expressions, everything else is taken as it is.
// https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
import jsonata from "jsonata";
import { AwsError } from "../service";

/** What an expression may name: `$states` and the variables. */
export type Bindings = Record<string, unknown>;

/** A value as AWS would have it in its JSON: without undefined members, dates as text. */
export const asJson = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

/** @throws AwsError States.QueryEvaluationError, as AWS does, also where an expression gives no value */
export async function evaluate(template: unknown, bindings: Bindings): Promise<unknown> {
  if (typeof template === "string") {
    const expression = /^\{%(.*)%\}$/s.exec(template)?.[1];
    if (expression === undefined) return template;
    let value: unknown;
    try {
      value = asJson(await jsonata(expression).evaluate({}, bindings));
    } catch (error) {
      throw new AwsError("States.QueryEvaluationError", `${expression}: ${(error as Error).message}`);
    }
    if (value === undefined) throw new AwsError("States.QueryEvaluationError", `${expression} returned nothing.`);
    return value;
  }
  if (Array.isArray(template)) return Promise.all(template.map((entry) => evaluate(entry, bindings)));
  if (typeof template !== "object" || template === null) return template;
  const members = Object.entries(template).map(async ([name, value]) => [name, await evaluate(value, bindings)]);
  return Object.fromEntries(await Promise.all(members));
}
