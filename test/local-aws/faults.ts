// Calls that fail because a test wants them to: POST /local-aws/faults { service, action, code, times }.
import type { Admin, Overlay } from "./server";
import { AwsError, type AwsRequest, json, type Service } from "./service";

interface Fault {
  /** Signing name, such as `ec2`. */
  service: string;
  action: string;
  /** AWS's error code. */
  code: string;
  /** How many calls fail. */
  times: number;
  /** Whether the call is done all the same: its answer is lost. */
  afterwards?: boolean;
}

/** The first of the overlay's services; the others answer a call that is done and whose answer is lost. */
export function faults(overlay: Overlay): { service: Service; admin: Admin } {
  let planned: Fault[] = [];
  const fail: Service = async (request) => {
    const fault = planned.find(
      ({ service, action, times }) => service === request.service && action === request.action && times > 0,
    );
    if (!fault) return undefined;
    fault.times -= 1;
    if (fault.afterwards) await perform(request);
    throw new AwsError(fault.code, `A test wanted ${request.action} to fail.`);
  };
  async function perform(request: AwsRequest): Promise<void> {
    for (const service of overlay.services) if (service !== fail && (await service(request))) return;
    await overlay.moto(request);
  }
  return {
    service: fail,
    admin: async (method, path, body) => {
      if (method !== "POST" || path !== "/local-aws/faults") return undefined;
      planned = [...planned, JSON.parse(body.toString()) as Fault];
      return json({});
    },
  };
}
