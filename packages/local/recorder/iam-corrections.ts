import { builtInReferences } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import type { ApiCall } from "./call.ts";
import type { CallerIdentity } from "./callers.ts";
import type { CallFailure, HttpResponse } from "./cloudtrail.ts";
import { readXml, textAt } from "./xml.ts";

/** IAM calls sent upstream beside the recorded one, in the name of the same caller. */
export type IamSender = (
  action: string,
  parameters: Readonly<Record<string, string>>,
) => Promise<HttpResponse>;

// IAM refuses these on service-linked roles (docs/aws-facts.md, "Service-linked roles"). TagRole, UntagRole and a new
// description (UpdateRole without a session length, UpdateRoleDescription) are what AWS allows on them.
const refusedOnServiceLinkedRoles: ReadonlySet<string> = new Set([
  "AddRoleToInstanceProfile",
  "AttachRolePolicy",
  "DeleteRole",
  "DeleteRolePermissionsBoundary",
  "DeleteRolePolicy",
  "DetachRolePolicy",
  "PutRolePermissionsBoundary",
  "PutRolePolicy",
  "UpdateAssumeRolePolicy",
  "UpdateRole",
]);

/** Answers an IAM call as AWS does where moto does not; nothing where moto's own answer will do. */
export async function correctIam(
  call: ApiCall,
  ask: IamSender,
  requestId: string,
): Promise<HttpResponse | undefined> {
  if (call.service !== "iam") return undefined;
  const { roleName, policyArn, aWSServiceName } = call.parameters;
  if (call.action === "CreateServiceLinkedRole") {
    const reference = builtInReferences().find(({ serviceLinked }) => serviceLinked === aWSServiceName);
    return reference && createServiceLinkedRole(reference, call, ask, requestId);
  }
  if (typeof roleName !== "string") return undefined;
  if (call.action === "DeleteServiceLinkedRole") {
    // moto deletes the role as any other and stumbles over the policy that AWS attached.
    await detachAll(roleName, ask);
    return undefined;
  }
  const onlyDescribes = call.action === "UpdateRole" && !("maxSessionDuration" in call.parameters);
  if (refusedOnServiceLinkedRoles.has(call.action) && !onlyDescribes) {
    const path = textAt(
      readText(await ask("GetRole", { RoleName: roleName })),
      ...rolePath("GetRole"),
      "Path",
    );
    if (path.startsWith("/aws-service-role/")) {
      return createErrorResponse(requestId, {
        code: "UnmodifiableEntity",
        message: `Cannot perform the operation on the protected role '${roleName}' - this role is only modifiable by AWS`,
      });
    }
  }
  if (call.action === "AttachRolePolicy" && /:aws:policy\/aws-service-role\//.test(String(policyArn))) {
    return createErrorResponse(requestId, {
      code: "PolicyNotAttachable",
      message: "Cannot attach a Service Role Policy to a Customer Role.",
    });
  }
  return undefined;
}

/** moto has the name of Batch's service-linked role wrong, and attaches no policy to it. */
async function createServiceLinkedRole(
  { role, path, trust, attachments }: Reference,
  call: ApiCall,
  ask: IamSender,
  requestId: string,
): Promise<HttpResponse> {
  const { description } = call.parameters;
  const created = await ask("CreateRole", {
    RoleName: role,
    Path: path ?? "/",
    AssumeRolePolicyDocument: trust,
    ...(typeof description === "string" && { Description: description }),
  });
  if (created.status >= 400) {
    return createErrorResponse(requestId, {
      code: "InvalidInput",
      message: `Service role name ${role} has been taken in this account, please try a different suffix.`,
    });
  }
  for (const { arn } of attachments) await ask("AttachRolePolicy", { RoleName: role, PolicyArn: arn });
  const body = Buffer.from(created.body)
    .toString()
    .replaceAll(/CreateRole(?=Response|Result)/g, "CreateServiceLinkedRole");
  return { ...created, body: Buffer.from(body) };
}

async function detachAll(roleName: string, ask: IamSender): Promise<void> {
  const action = "ListAttachedRolePolicies";
  const text = Buffer.from((await ask(action, { RoleName: roleName })).body).toString();
  for (const [, arn = ""] of text.matchAll(/<PolicyArn>([^<]+)<\/PolicyArn>/g)) {
    await ask("DetachRolePolicy", { RoleName: roleName, PolicyArn: arn });
  }
}

const rolePath = (action: string) => [`${action}Response`, `${action}Result`, "Role"];
const readText = (answer: HttpResponse) => readXml(Buffer.from(answer.body).toString());

/** A refusal in the words of a query service, or in JSON for the other services. */
export function createErrorResponse(
  requestId: string,
  failure: CallFailure,
  service = "iam",
  status = 400,
): HttpResponse {
  const { code, message } = failure;
  if (service !== "iam" && service !== "sts") {
    return {
      status,
      headers: {
        "content-type": "application/json",
        "x-amzn-errortype": code,
        "x-amzn-requestid": requestId,
      },
      body: Buffer.from(JSON.stringify({ __type: code, message })),
    };
  }
  return createXmlResponse(
    status,
    requestId,
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
      `<Error><Type>Sender</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  );
}

/** STS's answer to GetCallerIdentity, which must name the caller that the records name; moto knows no root. */
export function describeCaller(
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
