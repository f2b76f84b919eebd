// Calls that moto lacks and that need no more than a short answer, one function each.
import { json, type Service } from "../service";

/** Terraform validates a state machine before it makes one. */
const stepFunctionsValidate: Service = async ({ service, action }) =>
  service === "states" && action === "ValidateStateMachineDefinition"
    ? json({ result: "OK", diagnostics: [], truncated: false })
    : undefined;

export const smallGaps: Service[] = [stepFunctionsValidate];
