import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { CallerUnprovenError, formatCause } from "@drift-guard/core/errors";
import type { IdentityRequest } from "@drift-guard/core/respond/identity-request";
import type { CallerIdentity } from "@drift-guard/core/respond/person";

/** Who STS says signed a request, or the code with which it refuses the request. */
export type IdentifiedCaller =
  | { readonly status: "named"; readonly identity: CallerIdentity }
  | { readonly status: "refused"; readonly code: string };

// STS's refusals of a signature or its credentials (docs/aws-facts.md, "Signed requests to STS").
const signatureRefusals: ReadonlySet<string> = new Set([
  "SignatureDoesNotMatch",
  "InvalidClientTokenId",
  "ExpiredToken",
  "ExpiredTokenException",
  "IncompleteSignature",
  "InvalidSignatureException",
  "MissingAuthenticationToken",
  "RequestExpired",
  "UnrecognizedClientException",
]);

/** Milliseconds until STS must have answered, and the most bytes of its answer that are read. */
const limits = { milliseconds: 8_000, bytes: 20_000 };

/**
 * Asks STS who signed a request. It is sent to the host that the request was made for; to `endpoint` in its place only
 * where the deployment's own environment names one, as for an emulated account. It is refused if the signature is wrong, the
 * credentials ended, or the request was altered. Any other answer, of a proxy too, says nothing about the person. Throws `CallerUnprovenError` if STS gives no
 * answer that can be used.
 */
export async function identifyCaller(request: IdentityRequest, endpoint?: string): Promise<IdentifiedCaller> {
  const where = endpoint ?? `https://${request.host}`;
  const { status, text } = await send(request, where).catch((cause: unknown) => {
    throw new CallerUnprovenError(
      `STS at ${where} could not be asked who gave the answer: ${formatCause(cause)} Give it again later.`,
      { cause },
    );
  });
  const code = status === 200 ? undefined : readElement(text, "Code");
  if (code !== undefined && signatureRefusals.has(code)) return { status: "refused", code };
  const identity = status === 200 ? readIdentity(text) : undefined;
  if (identity) return { status: "named", identity };
  throw new CallerUnprovenError(
    `STS at ${where} answered ${status}${code === undefined ? "" : ` (${code.slice(0, 60)})`} and named no caller, so that it is not known who gave the answer. Give it again later.`,
  );
}

function send(request: IdentityRequest, where: string): Promise<{ status: number; text: string }> {
  const url = new URL(request.path, where);
  const requestUrl = url.protocol === "http:" ? requestHttp : requestHttps;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limits.milliseconds);
    const call = requestUrl(
      url,
      {
        method: request.method,
        headers: { ...request.headers, "content-length": Buffer.byteLength(request.body) },
        signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size <= limits.bytes) chunks.push(chunk);
          else response.destroy(new RangeError("The answer is too long."));
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
        response.on("error", reject);
      },
    );
    call.on("error", reject);
    call.end(request.body);
  });
}

function readIdentity(text: string): CallerIdentity | undefined {
  const account = readElement(text, "Account");
  const arn = readElement(text, "Arn");
  const userId = readElement(text, "UserId");
  if (account === undefined || arn === undefined || userId === undefined) return undefined;
  return { account, arn, userId };
}

// No name that IAM accepts needs escaping in XML.
function readElement(text: string, name: string): string | undefined {
  const [found, ...others] = [...text.matchAll(new RegExp(`<${name}>([^<>&]{1,2048})</${name}>`, "g"))];
  return others.length === 0 ? found?.[1] : undefined;
}
