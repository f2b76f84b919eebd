// IAM users have no service-specific credentials here: moto does not know the list, which a user's deletion asks for.
import { queryAnswer } from "../host/xml";
import type { Service } from "../service";

export const serviceSpecificCredentials: Service = async ({ service, action }) =>
  service === "iam" && action === "ListServiceSpecificCredentials"
    ? queryAnswer(action, { ServiceSpecificCredentials: [] })
    : undefined;
