// S3 Object Lock: moto asks for the checksum header of uploads on copies into a locked bucket, too. On AWS a copy has no
// such header: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
import type { MotoClient } from "../host/moto-client";
import type { Service } from "../service";

export function objectLock(moto: MotoClient): Service {
  return async (request) => {
    const copies = request.method === "PUT" && request.headers["x-amz-copy-source"] !== undefined;
    if (request.service !== "s3" || !copies || request.rawQuery.includes("uploadId")) return undefined;
    return moto.forward({ ...request, headers: { ...request.headers, "x-amz-sdk-checksum-algorithm": "SHA256" } });
  };
}
