import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { EnableSecurityHubCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import type { Config } from "@drift-guard/core/config/config";
import { listWatchedRoles, type WatchedRole } from "@drift-guard/core/config/watched-role";
import { profileOf } from "@drift-guard/core/evaluate/evaluate";
import { isOwnedByAws } from "@drift-guard/core/model/managed-policy";
import type { Attachment } from "@drift-guard/core/reference/reference";
import { clientSettings } from "./client.ts";

/** Creates every watched role of a configuration in the account at an endpoint, and enables Security Hub. */
export async function seedAccount(endpoint: string, config: Config): Promise<void> {
  const iam = new IAMClient(clientSettings(endpoint));
  for (const watched of listWatchedRoles({ config })) await createRole(iam, watched);
  await new SecurityHubClient(clientSettings(endpoint)).send(new EnableSecurityHubCommand({}));
}

async function createRole(iam: IAMClient, watched: WatchedRole): Promise<void> {
  const { reference } = watched;
  if (reference.serviceLinked !== undefined) {
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: reference.serviceLinked }));
    return;
  }
  const RoleName = watched.name;
  await iam.send(
    new CreateRoleCommand({
      RoleName,
      Path: reference.path ?? defaultPath(watched),
      AssumeRolePolicyDocument: reference.trust,
    }),
  );
  for (const attachment of reference.attachments) {
    const PolicyArn = isOwnedByAws(attachment.arn) ? attachment.arn : await createPolicy(iam, attachment);
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  }
  if (reference.floor) {
    const { document } = reference.floor;
    await iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: `${RoleName}-floor`, PolicyDocument: document }),
    );
  }
  const InstanceProfileName = profileOf(watched);
  if (InstanceProfileName !== undefined) {
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  }
}

async function createPolicy(iam: IAMClient, { arn, document }: Attachment): Promise<string | undefined> {
  const [, Path = "/", PolicyName] = /:policy(\/(?:.*\/)?)([^/]+)$/.exec(arn) ?? [];
  const { Policy } = await iam.send(new CreatePolicyCommand({ Path, PolicyName, PolicyDocument: document }));
  return Policy?.Arn;
}

/** Returns the path that AWS's console gives a role, for a role whose reference has none. */
function defaultPath({ name }: WatchedRole): string {
  return name === "AWSBatchServiceRole" ? "/service-role/" : "/";
}
