import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { Sha256 } from "@drift-guard/aws/sts/signer";
import type { CallerIdentity } from "@drift-guard/core/respond/person";
import { SignatureV4 } from "@smithy/signature-v4";

/** Credentials that the stand-in knows, and whose they are. */
export interface KnownCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly identity: CallerIdentity;
}

/** A stand-in for STS on loopback. */
export interface StsStandIn {
  readonly endpoint: string;
  /** The hosts that the requests named, in order. */
  readonly hosts: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts a stand-in for STS that verifies Signature Version 4 as AWS does: it signs the request that it received anew, with
 * the headers that the signature covers, and compares. moto does not check signatures.
 */
export async function startSts(known: readonly KnownCredentials[]): Promise<StsStandIn> {
  const hosts: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    hosts.push(request.headers.host ?? "");
    const caller = await findCaller(request, body, known);
    if (caller === undefined) {
      response
        .writeHead(403)
        .end("<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>");
      return;
    }
    const { arn, userId, account } = caller;
    response
      .writeHead(200)
      .end(
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>${userId}</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The stand-in has no port.");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    hosts,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function findCaller(
  request: IncomingMessage,
  body: string,
  known: readonly KnownCredentials[],
): Promise<CallerIdentity | undefined> {
  const { authorization = "" } = request.headers;
  const [, key, region = "", service = "", signed = ""] =
    /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+),/.exec(authorization) ??
    [];
  const credentials = known.find(({ accessKeyId }) => accessKeyId === key);
  if (!credentials || body !== "Action=GetCallerIdentity&Version=2011-06-15") return undefined;
  if (request.headers["x-amz-security-token"] !== credentials.sessionToken) return undefined;
  const date = String(request.headers["x-amz-date"]);
  const signingDate = new Date(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
  const names = signed.split(";").filter((name) => name !== "x-amz-date" && name !== "x-amz-security-token");
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    region,
    service,
    sha256: Sha256,
    applyChecksum: false,
  });
  const again = await signer.sign(
    {
      method: request.method ?? "",
      protocol: "https:",
      hostname: "",
      path: request.url ?? "",
      query: {},
      headers: Object.fromEntries(names.map((name) => [name, String(request.headers[name] ?? "")])),
      body,
    },
    { signingDate },
  );
  return again.headers.authorization === authorization ? credentials.identity : undefined;
}
