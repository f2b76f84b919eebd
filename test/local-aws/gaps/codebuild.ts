// CodeBuild projects without a source, which moto refuses: passed on with a placeholder that no answer shows.
import { jsonBody, type Moto, type Service } from "../service";

const PLACEHOLDER = "local-aws-no-source";

interface ProjectInput {
  source?: { type: string; location?: string };
}

export function codeBuild(moto: Moto): Service {
  return async (request) => {
    if (request.service !== "codebuild") return undefined;
    const input = jsonBody<ProjectInput>(request);
    const passedOn =
      input.source?.type === "NO_SOURCE"
        ? {
            ...request,
            body: Buffer.from(JSON.stringify({ ...input, source: { ...input.source, location: PLACEHOLDER } })),
          }
        : request;
    const answer = await moto(passedOn);
    const body = answer.body.toString().replaceAll(new RegExp(`"location": ?"${PLACEHOLDER}",? ?`, "g"), "");
    return { ...answer, body: body.replaceAll(/, ?}/g, "}") };
  };
}
