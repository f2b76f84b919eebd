// Step Functions: Terraform validates a state machine before it makes one, which moto cannot.
import { json, type Service } from "../service";

export const stepFunctions: Service = async ({ service, action }) =>
  service === "states" && action === "ValidateStateMachineDefinition"
    ? json({ result: "OK", diagnostics: [], truncated: false })
    : undefined;
