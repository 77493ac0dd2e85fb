import type { CallerIdentity } from "./callers.ts";
import type { CallFailure } from "./cloudtrail.ts";
import type { HttpResponse } from "./http.ts";

/** Returns the error response to a refused call: XML for IAM and STS, JSON for every other service. */
export function createErrorResponse(
  requestId: string,
  { code, message }: CallFailure,
  service = "iam",
): HttpResponse {
  if (service !== "iam" && service !== "sts") {
    return {
      status: 400,
      headers: {
        "content-type": "application/json",
        "x-amzn-errortype": code,
        "x-amzn-requestid": requestId,
      },
      body: Buffer.from(JSON.stringify({ __type: code, message })),
    };
  }
  return createXmlResponse(
    400,
    requestId,
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
      `<Error><Type>Sender</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  );
}

/**
 * Returns STS's response to GetCallerIdentity, with the identity that the records name. moto's own response never names
 * the account's root.
 */
export function createIdentityResponse(
  { arn, principalId, accountId }: CallerIdentity,
  requestId: string,
): HttpResponse {
  const fields = Object.entries({ Arn: arn, UserId: principalId, Account: accountId });
  return createXmlResponse(
    200,
    requestId,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
      fields.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join("") +
      `</GetCallerIdentityResult><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>` +
      "</GetCallerIdentityResponse>",
  );
}

function createXmlResponse(status: number, requestId: string, body: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
    body: Buffer.from(body),
  };
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
