import { listBatchRegions } from "@drift-guard/core/batch/regions";
import type { CallerIdentity } from "./callers.ts";
import { type CallFailure, xmlServices } from "./cloudtrail.ts";
import type { HttpResponse } from "./http.ts";

/** Returns the error response to a failed call: XML for IAM, STS and SNS, JSON for every other service. */
export function createErrorResponse(
  requestId: string,
  { code, message }: CallFailure,
  service = "iam",
): HttpResponse {
  if (!xmlServices.has(service)) {
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

// The Regions that every account of the partition aws has (docs/aws-facts.md, "Regions and partitions").
const defaultRegions: ReadonlySet<string> = new Set([
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
]);

/**
 * Returns Account Management's response to ListRegions, which no emulator serves: an account that has enabled no Region
 * beyond those that every account has.
 */
export function createRegionsResponse(requestId: string): HttpResponse {
  const regions = listBatchRegions("aws").map((RegionName) => ({
    RegionName,
    RegionOptStatus: defaultRegions.has(RegionName) ? "ENABLED_BY_DEFAULT" : "DISABLED",
  }));
  return createJsonResponse(requestId, { Regions: regions });
}

/** Returns the response of a JSON service to a call that it carried out. */
export function createJsonResponse(requestId: string, body: object): HttpResponse {
  return {
    status: 200,
    headers: { "content-type": "application/json", "x-amzn-requestid": requestId },
    body: Buffer.from(JSON.stringify(body)),
  };
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
