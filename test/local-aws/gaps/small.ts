// Calls that moto lacks and that need no more than a short answer, one function each.
import type { MotoClient } from "../host/moto-client";
import { json, type Service, xml } from "../service";

/** S3 Control's tags of a bucket are the bucket's own tags. */
function s3ControlTags(moto: MotoClient): Service {
  return async (request) => {
    const [, encoded] = /^\/v20180820\/tags\/(.+)$/.exec(request.path) ?? [];
    if (!encoded) return undefined;
    const bucket = decodeURIComponent(encoded).replace(/^arn:aws:s3:.*?:/, "");
    if (request.method !== "GET") return undefined;
    const place = { account: request.account, region: request.region };
    const answer = await moto.rest(place, "s3", "GET", `/${bucket}?tagging`);
    const tags = answer.status === 200 ? answer.body.toString().match(/<Tag>.*?<\/Tag>/gs) : undefined;
    return xml(`<ListTagsForResourceResult><Tags>${(tags ?? []).join("")}</Tags></ListTagsForResourceResult>`);
  };
}

/** Terraform validates a state machine before it makes one. */
const stepFunctionsValidate: Service = async ({ service, action }) =>
  service === "states" && action === "ValidateStateMachineDefinition"
    ? json({ result: "OK", diagnostics: [], truncated: false })
    : undefined;

export function smallGaps(moto: MotoClient): Service[] {
  return [s3ControlTags(moto), stepFunctionsValidate];
}
