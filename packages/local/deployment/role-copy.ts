import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  EntityAlreadyExistsException,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";

/** Copies a role with its policies from one IAM to another. Creates the account's own managed policies if missing. */
export async function copyRole(
  iam: { readonly from: IAMClient; readonly to: IAMClient },
  roleName: string,
): Promise<void> {
  const { Role } = await iam.from.send(new GetRoleCommand({ RoleName: roleName }));
  await iam.to.send(
    new CreateRoleCommand({
      RoleName: roleName,
      Path: Role?.Path,
      AssumeRolePolicyDocument: decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ""),
      Description: Role?.Description,
      MaxSessionDuration: Role?.MaxSessionDuration,
      PermissionsBoundary: Role?.PermissionsBoundary?.PermissionsBoundaryArn,
      Tags: Role?.Tags,
    }),
  );
  const { PolicyNames = [] } = await iam.from.send(new ListRolePoliciesCommand({ RoleName: roleName }));
  for (const PolicyName of PolicyNames) {
    const policy = await iam.from.send(new GetRolePolicyCommand({ RoleName: roleName, PolicyName }));
    const PolicyDocument = decodeURIComponent(policy.PolicyDocument ?? "");
    await iam.to.send(new PutRolePolicyCommand({ RoleName: roleName, PolicyName, PolicyDocument }));
  }
  const { AttachedPolicies = [] } = await iam.from.send(
    new ListAttachedRolePoliciesCommand({ RoleName: roleName }),
  );
  for (const { PolicyArn = "" } of AttachedPolicies) {
    if (!PolicyArn.includes("::aws:")) await copyPolicy(iam, PolicyArn);
    await iam.to.send(new AttachRolePolicyCommand({ RoleName: roleName, PolicyArn }));
  }
}

async function copyPolicy(
  iam: { readonly from: IAMClient; readonly to: IAMClient },
  arn: string,
): Promise<void> {
  const { Policy } = await iam.from.send(new GetPolicyCommand({ PolicyArn: arn }));
  const { PolicyVersion } = await iam.from.send(
    new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: Policy?.DefaultVersionId }),
  );
  const { PolicyName, Path } = Policy ?? {};
  const PolicyDocument = decodeURIComponent(PolicyVersion?.Document ?? "");
  await iam.to.send(new CreatePolicyCommand({ PolicyName, Path, PolicyDocument })).catch((error: unknown) => {
    // Two roles may share a policy.
    if (!(error instanceof EntityAlreadyExistsException)) throw error;
  });
}
