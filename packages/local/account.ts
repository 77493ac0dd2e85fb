import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { EnableSecurityHubCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import type { Reference } from "@drift-guard/core/reference";
import { references } from "@drift-guard/core/references";
import { clientSettings } from "./client.ts";

/** Brings the account behind the endpoint to where the guard expects it: every reference's role, and Security Hub. */
export async function seedAccount(endpoint: string): Promise<void> {
  const iam = new IAMClient(clientSettings(endpoint));
  for (const reference of references()) await createRole(iam, reference);
  await new SecurityHubClient(clientSettings(endpoint)).send(new EnableSecurityHubCommand({}));
}

async function createRole(iam: IAMClient, reference: Reference): Promise<void> {
  const { role, serviceLinked, path, trust, attachments } = reference;
  if (serviceLinked) {
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: serviceLinked }));
    return;
  }
  await iam.send(
    new CreateRoleCommand({
      RoleName: role,
      Path: path ?? pathOf(reference),
      AssumeRolePolicyDocument: trust,
    }),
  );
  for (const { arn } of attachments) {
    await iam.send(new AttachRolePolicyCommand({ RoleName: role, PolicyArn: arn }));
  }
}

/** Where AWS's console puts a role whose reference leaves the path open. */
function pathOf({ role }: Reference): string {
  return role === "AWSBatchServiceRole" ? "/service-role/" : "/";
}
