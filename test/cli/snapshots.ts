import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { account } from "../builders.ts";

/** A role in the output of `aws iam get-account-authorization-details`. */
export interface RoleDetail {
  readonly RoleName: string;
  readonly RoleId: string;
  readonly Arn: string;
  readonly Path: string;
  readonly AssumeRolePolicyDocument: unknown;
  readonly RolePolicyList: readonly { readonly PolicyName: string; readonly PolicyDocument: unknown }[];
  readonly AttachedManagedPolicies: readonly { readonly PolicyName: string; readonly PolicyArn: string }[];
  readonly PermissionsBoundary?: {
    readonly PermissionsBoundaryArn: string;
    readonly PermissionsBoundaryType: "Policy";
  };
  readonly InstanceProfileList: readonly { readonly InstanceProfileName: string }[];
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
}

/** The roles of an account in which every watched role matches its reference. */
export function cleanRoles(): readonly RoleDetail[] {
  return builtInReferences().map(({ role, path = "/", trust, attachments }, index) => ({
    RoleName: role,
    RoleId: `AROAEXAMPLE00000000${index}`,
    Arn: `arn:aws:iam::${account}:role${path}${role}`,
    Path: path,
    AssumeRolePolicyDocument: JSON.parse(trust),
    RolePolicyList: [],
    AttachedManagedPolicies: attachments.map(({ arn }) => ({
      PolicyName: arn.slice(arn.lastIndexOf("/") + 1),
      PolicyArn: arn,
    })),
    InstanceProfileList: [],
    Tags: [],
  }));
}

/** The clean roles with one of them changed. */
export function rolesWith(name: string, over: Partial<RoleDetail>): readonly RoleDetail[] {
  return cleanRoles().map((role) => (role.RoleName === name ? { ...role, ...over } : role));
}

/** The whole output as text; without the documents of the policies if `documents` is false. */
export function printSnapshot(
  roles: readonly RoleDetail[],
  { documents = true }: { readonly documents?: boolean } = {},
): string {
  const policies = builtInReferences().flatMap(({ attachments }) =>
    attachments.map(({ arn, version, document }) => ({
      PolicyName: arn.slice(arn.lastIndexOf("/") + 1),
      Arn: arn,
      DefaultVersionId: version,
      PolicyVersionList: [{ VersionId: version, IsDefaultVersion: true, Document: JSON.parse(document) }],
    })),
  );
  return JSON.stringify({
    UserDetailList: [],
    GroupDetailList: [],
    RoleDetailList: roles,
    Policies: documents ? policies : [],
    IsTruncated: false,
  });
}
