import { AccountClient } from "@aws-sdk/client-account";
import type { AccountRegions } from "@drift-guard/core/batch/account-regions";
import { formatCause } from "@drift-guard/core/errors";

const permission = "ec2:DescribeRegions";
const body = new URLSearchParams({
  Action: "DescribeRegions",
  Version: "2016-11-15",
  AllRegions: "true",
}).toString();

/**
 * Lists the Regions of the caller's account by `ec2:DescribeRegions` with AllRegions (docs/aws-facts.md, "Regions and
 * partitions"). The call is signed and sent with the parts of a client of Account Management, because EC2's own client is
 * many times the size of all others together. `endpoint` takes the place of EC2's endpoint in the client's Region. Throws
 * nothing: if the Regions cannot be listed, the result says why.
 */
export async function describeAccountRegions(
  client: AccountClient,
  endpoint: string | undefined,
): Promise<AccountRegions> {
  try {
    const { status, text } = await call(client, endpoint);
    if (status !== 200) return { status: "unlisted", why: formatRefusal(status, text) };
    return readRegions(text);
  } catch (error) {
    return { status: "unlisted", why: `${permission} gave no readable answer: ${formatCause(error)}` };
  }
}

async function call(client: AccountClient, endpoint: string | undefined) {
  const signingRegion = await client.config.region();
  const { credentials, requestHandler } = client.config;
  // A client signs every request for the service of its first one, so this needs one of its own.
  const { config } = new AccountClient({ region: signingRegion, credentials, requestHandler });
  const url = new URL(endpoint ?? `https://ec2.${signingRegion}.${dnsSuffixOf(client, signingRegion)}`);
  const signer = await config.signer({
    name: "sigv4",
    signingName: "ec2",
    signingRegion,
    properties: {},
  });
  const signed = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== "" && { port: Number(url.port) }),
    path: url.pathname,
    query: {},
    headers: { host: url.host, "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body,
  });
  const { response } = await config.requestHandler.handle(signed);
  const bytes = await config.streamCollector(response.body);
  return { status: response.statusCode, text: new TextDecoder().decode(bytes) };
}

// Every service of a partition has the same DNS suffix, such as amazonaws.com.cn.
function dnsSuffixOf({ config }: AccountClient, region: string): string {
  const { url } = config.endpointProvider({ Region: region, UseDualStack: false, UseFIPS: false });
  return url.hostname.replace(/^account\.[^.]+\./, "");
}

// EC2's answer is a flat list: no name in it needs more than the text between two tags.
function readRegions(text: string): AccountRegions {
  const enabled: string[] = [];
  const notEnabled: string[] = [];
  for (const item of text.split("</item>")) {
    const name = textOf(item, "regionName");
    if (name === undefined) continue;
    (textOf(item, "optInStatus") === "not-opted-in" ? notEnabled : enabled).push(name);
  }
  if (enabled.length > 0) return { status: "listed", enabled, notEnabled };
  return { status: "unlisted", why: `${permission} returned no enabled Region.` };
}

function formatRefusal(status: number, text: string): string {
  const code = textOf(text, "Code") ?? `status ${status}`;
  const message = textOf(text, "Message") ?? "no message";
  return `${permission} answered ${code}: ${message.replace(/\.?$/, ".")} Allow ${permission} to the identity that made the call.`;
}

function textOf(xml: string, tag: string): string | undefined {
  return new RegExp(`<${tag}>([^<]{1,2000})</${tag}>`).exec(xml)?.[1];
}
