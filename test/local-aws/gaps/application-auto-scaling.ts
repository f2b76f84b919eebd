// Tags of Application Auto Scaling's targets, which moto takes with a target but neither lists nor changes.
import { json, jsonBody, type Moto, type Service } from "../service";

type Tags = Record<string, string>;

export function applicationAutoScaling(moto: Moto): Service {
  const tagsOf = new Map<string, Tags>();

  return async (request) => {
    if (request.service !== "application-autoscaling") return undefined;
    const input = jsonBody<{ ResourceARN: string; Tags?: Tags; TagKeys?: string[] }>(request);
    const tags = tagsOf.get(input.ResourceARN) ?? {};
    switch (request.action) {
      case "RegisterScalableTarget": {
        const answer = await moto(request);
        const { ScalableTargetARN: arn } = JSON.parse(answer.body.toString()) as { ScalableTargetARN?: string };
        if (arn && input.Tags) tagsOf.set(arn, input.Tags);
        return answer;
      }
      case "ListTagsForResource":
        return json({ Tags: tags });
      case "TagResource":
        tagsOf.set(input.ResourceARN, { ...tags, ...input.Tags });
        return json({});
      case "UntagResource":
        for (const key of input.TagKeys ?? []) delete tags[key];
        return json({});
      default:
        return undefined;
    }
  };
}
