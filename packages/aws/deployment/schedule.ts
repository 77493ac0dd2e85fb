import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { formatCause } from "@drift-guard/core/errors";
import type { DeployedSchedule, Read } from "@drift-guard/core/model/deployed";
import * as z from "zod";
import { lacks } from "./read.ts";

const permission = "scheduler:GetSchedule";
const Schedule = z.looseObject({ State: z.string(), Target: z.looseObject({ Arn: z.string() }) });
const Refusal = z.looseObject({ Message: z.string().optional(), message: z.string().optional() });

/**
 * Reads a schedule of the default group (`scheduler:GetSchedule`), signed and sent with the parts of EventBridge's client: one
 * call needs no client of its own. `endpoint` takes the place of the endpoint in the client's Region. Throws nothing.
 */
export async function readSchedule(
  client: EventBridgeClient,
  name: string,
  endpoint: string | undefined,
): Promise<Read<DeployedSchedule>> {
  try {
    const { status, text } = await call(client, name, endpoint);
    if (status === 404) return { status: "absent" };
    if (status !== 200) return { status: "unknown", why: formatRefusal(status, text) };
    const { data } = Schedule.safeParse(JSON.parse(text));
    if (data === undefined) return lacks(permission, "state");
    return { status: "read", value: { state: data.State, target: data.Target.Arn } };
  } catch (error) {
    return { status: "unknown", why: `${permission} gave no readable answer: ${formatCause(error)}` };
  }
}

async function call(client: EventBridgeClient, name: string, endpoint: string | undefined) {
  const region = await client.config.region();
  const { credentials, requestHandler } = client.config;
  // A client signs every request for the service of its first one, so this needs one of its own.
  const { config } = new EventBridgeClient({ region, credentials, requestHandler });
  const url = new URL(endpoint ?? `https://scheduler.${region}.${dnsSuffixOf(client, region)}`);
  const signer = await config.signer({
    name: "sigv4",
    signingName: "scheduler",
    signingRegion: region,
    properties: {},
  });
  const signed = await signer.sign({
    method: "GET",
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== "" && { port: Number(url.port) }),
    path: `/schedules/${encodeURIComponent(name)}`,
    query: { groupName: "default" },
    headers: { host: url.host },
  });
  const { response } = await config.requestHandler.handle(signed);
  const bytes = await config.streamCollector(response.body);
  return { status: response.statusCode, text: new TextDecoder().decode(bytes) };
}

// Every service of a partition has the same DNS suffix, such as amazonaws.com.cn.
function dnsSuffixOf({ config }: EventBridgeClient, region: string): string {
  const { url } = config.endpointProvider({ Region: region, UseDualStack: false, UseFIPS: false });
  return url.hostname.replace(/^events\.[^.]+\./, "");
}

function formatRefusal(status: number, text: string): string {
  const allow = `Allow ${permission} to the identity that made the call.`;
  try {
    const { Message, message } = Refusal.parse(JSON.parse(text));
    const reason = (Message ?? message ?? "no message").slice(0, 500).replace(/\.?$/, ".");
    return `${permission} answered ${status}: ${reason}${status === 403 ? ` ${allow}` : ""}`;
  } catch {
    return `${permission} answered ${status}.${status === 403 ? ` ${allow}` : ""}`;
  }
}
