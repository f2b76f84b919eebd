// S3: tags given with a new bucket, a bucket's tags as S3 Control shows and changes them, and events for EventBridge.
import type { MotoClient, Place } from "../host/moto-client";
import { elements, type Parsed, parseXml, toXml } from "../host/xml";
import { AwsError, type AwsRequest, type AwsResponse, type Service, xml } from "../service";

interface Tag {
  Key: string;
  Value: string;
}

/** `<Tag>` elements anywhere in a document. */
function tagsIn(body: Buffer | string): Tag[] {
  const found = body.toString().match(/<Tag>.*?<\/Tag>/gs) ?? [];
  return elements(parseXml(found.join("")), "Tag").map((tag) => ({
    Key: String(tag.Key),
    Value: String(tag.Value ?? ""),
  }));
}

export function s3(moto: MotoClient): Service {
  const toEventBridge = new Set<string>();

  async function tagsOf(place: Place, bucket: string): Promise<Tag[]> {
    const answer = await moto.rest(place, "s3", "GET", `/${bucket}?tagging`);
    return answer.status === 200 ? tagsIn(answer.body) : [];
  }

  async function setTags(place: Place, bucket: string, tags: Tag[]): Promise<void> {
    const set = `<TagSet>${tags.map((tag) => `<Tag>${toXml(tag, {})}</Tag>`).join("")}</TagSet>`;
    const answer = tags.length
      ? await moto.rest(place, "s3", "PUT", `/${bucket}?tagging`, `<Tagging>${set}</Tagging>`)
      : await moto.rest(place, "s3", "DELETE", `/${bucket}?tagging`);
    if (answer.status >= 400) {
      const error = parseXml(answer.body.toString()).Error as Parsed | undefined;
      throw new AwsError(String(error?.Code ?? "InternalError"), String(error?.Message ?? ""), answer.status);
    }
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html and its siblings */
  async function controlTags(request: AwsRequest, bucket: string): Promise<AwsResponse> {
    const tags = await tagsOf(request, bucket);
    const removed = request.query.getAll("tagKeys");
    const added = tagsIn(request.body);
    switch (request.method) {
      case "GET":
        return xml(`<ListTagsForResourceResult>${toXml({ Tags: tags }, { Tags: "Tag" })}</ListTagsForResourceResult>`);
      case "POST":
        await setTags(request, bucket, [...tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key)), ...added]);
        return { status: 204, headers: {}, body: "" };
      default:
        await setTags(
          request,
          bucket,
          tags.filter(({ Key }) => !removed.includes(Key)),
        );
        return { status: 204, headers: {}, body: "" };
    }
  }

  async function notification(request: AwsRequest, bucket: string): Promise<AwsResponse> {
    const answer = await moto.forward(request);
    if (request.method === "PUT" && answer.status < 400) {
      if (request.body.includes("<EventBridgeConfiguration")) toEventBridge.add(bucket);
      else toEventBridge.delete(bucket);
    }
    if (request.method !== "GET" || !toEventBridge.has(bucket)) return answer;
    const text = answer.body
      .toString()
      .replace(/<NotificationConfiguration([^>]*?)\/>/, "<NotificationConfiguration$1></NotificationConfiguration>");
    return {
      ...answer,
      body: text.replace("</NotificationConfiguration>", "<EventBridgeConfiguration/></NotificationConfiguration>"),
    };
  }

  return async (request) => {
    if (request.service !== "s3") return undefined;
    const [, resource] = /^\/v20180820\/tags\/(.+)$/.exec(request.path) ?? [];
    if (resource) return controlTags(request, decodeURIComponent(resource).replace(/^arn:aws:s3:::/, ""));
    const [, bucket] = /^\/([^/]+)\/?$/.exec(request.path) ?? [];
    if (!bucket) return undefined;
    if (request.query.has("notification")) return notification(request, bucket);

    const created = request.method === "PUT" && ["", "x-id=CreateBucket"].includes(request.rawQuery);
    if (!created || !request.body.includes("<Tags>")) return undefined;
    const answer = await moto.forward(request);
    if (answer.status < 400) await setTags(request, bucket, tagsIn(request.body));
    return answer;
  };
}
