import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { CallerUnprovenError, formatCause } from "@drift-guard/core/errors";
import type { IdentityRequest } from "@drift-guard/core/respond/identity-request";
import type { CallerIdentity } from "@drift-guard/core/respond/person";

/** Milliseconds until STS must have answered, and the most bytes of its answer that are read. */
const limits = { milliseconds: 8_000, bytes: 20_000 };

/**
 * Asks STS who signed a request. It is sent to the host that the request was made for; to `endpoint` in its place only
 * where the deployment's own environment names one, as for an emulated account. Returns undefined if STS refuses it: the
 * signature is wrong, the credentials ended, or the request was altered. Throws `CallerUnprovenError` if STS gives no
 * answer that can be used.
 */
export async function identifyCaller(
  request: IdentityRequest,
  endpoint?: string,
): Promise<CallerIdentity | undefined> {
  const where = endpoint ?? `https://${request.host}`;
  const { status, text } = await send(request, where).catch((cause: unknown) => {
    throw new CallerUnprovenError(
      `STS at ${where} could not be asked who gave the answer: ${formatCause(cause)} Give it again later.`,
      { cause },
    );
  });
  if (status >= 400 && status < 500 && !/<Code>Throttling/.test(text)) return undefined;
  const identity = status === 200 ? readIdentity(text) : undefined;
  if (identity) return identity;
  throw new CallerUnprovenError(
    `STS at ${where} answered ${status} and named no caller, so that it is not known who gave the answer. Give it again later.`,
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
