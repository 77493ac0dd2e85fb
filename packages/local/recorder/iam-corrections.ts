import { builtInReferences } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import type { ApiCall } from "./call.ts";
import type { HttpResponse } from "./http.ts";
import { createErrorResponse } from "./responses.ts";
import { readXml, textAt } from "./xml.ts";

/** Sends a further IAM call to moto as the caller of the recorded call. */
export type IamSender = (
  action: string,
  parameters: Readonly<Record<string, string>>,
) => Promise<HttpResponse>;

// AWS refuses these calls on service-linked roles with UnmodifiableEntity: UpdateRole only if it sets a session length.
// Tags and the description may be changed (docs/aws-facts.md, "Service-linked roles").
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

/**
 * Responds to an IAM call as AWS does where moto behaves differently: service-linked roles and their policies. Returns
 * undefined if moto's own response is right. May send further calls to moto first.
 */
export async function correctIam(
  call: ApiCall,
  send: IamSender,
  requestId: string,
): Promise<HttpResponse | undefined> {
  if (call.service !== "iam") return undefined;
  const { roleName, policyArn, aWSServiceName } = call.parameters;
  if (call.action === "CreateServiceLinkedRole") {
    const reference = builtInReferences().find(({ serviceLinked }) => serviceLinked === aWSServiceName);
    return reference && createServiceLinkedRole(reference, call, send, requestId);
  }
  if (typeof roleName !== "string") return undefined;
  if (call.action === "DeleteServiceLinkedRole") {
    // moto deletes it like any other role, and fails while AWS's policy is attached.
    await detachAll(roleName, send);
    return undefined;
  }
  const changesDescriptionOnly = call.action === "UpdateRole" && !("maxSessionDuration" in call.parameters);
  if (refusedOnServiceLinkedRoles.has(call.action) && !changesDescriptionOnly) {
    const path = textAt(
      parseBody(await send("GetRole", { RoleName: roleName })),
      ...rolePathIn("GetRole"),
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

/** Creates a service-linked role after its reference: moto gives Batch's role a wrong name and attaches no policy. */
async function createServiceLinkedRole(
  { role, path, trust, attachments }: Reference,
  call: ApiCall,
  send: IamSender,
  requestId: string,
): Promise<HttpResponse> {
  const { description } = call.parameters;
  const created = await send("CreateRole", {
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
  for (const { arn } of attachments) await send("AttachRolePolicy", { RoleName: role, PolicyArn: arn });
  const body = Buffer.from(created.body)
    .toString()
    .replaceAll(/CreateRole(?=Response|Result)/g, "CreateServiceLinkedRole");
  return { ...created, body: Buffer.from(body) };
}

async function detachAll(roleName: string, send: IamSender): Promise<void> {
  const action = "ListAttachedRolePolicies";
  const text = Buffer.from((await send(action, { RoleName: roleName })).body).toString();
  for (const [, arn = ""] of text.matchAll(/<PolicyArn>([^<]+)<\/PolicyArn>/g)) {
    await send("DetachRolePolicy", { RoleName: roleName, PolicyArn: arn });
  }
}

const rolePathIn = (action: string) => [`${action}Response`, `${action}Result`, "Role"];
const parseBody = (response: HttpResponse) => readXml(Buffer.from(response.body).toString());
