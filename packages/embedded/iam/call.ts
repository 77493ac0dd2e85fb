/** A tag of a role. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

interface OnRole {
  readonly roleName: string;
}

interface OnPolicy {
  readonly policyArn: string;
}

interface OnProfile {
  readonly instanceProfileName: string;
}

/** A call that changes a role, with IAM's parameter names as CloudTrail spells them. Documents are JSON text. */
export type RoleCall = OnRole &
  (
    | {
        readonly call: "CreateRole";
        readonly assumeRolePolicyDocument: string;
        readonly path?: string;
        readonly description?: string;
        /** Seconds. */
        readonly maxSessionDuration?: number;
        readonly permissionsBoundary?: string;
        readonly tags?: readonly Tag[];
      }
    | { readonly call: "DeleteRole" }
    | { readonly call: "UpdateRole"; readonly description?: string; readonly maxSessionDuration?: number }
    | { readonly call: "UpdateRoleDescription"; readonly description: string }
    | { readonly call: "UpdateAssumeRolePolicy"; readonly policyDocument: string }
    | { readonly call: "AttachRolePolicy"; readonly policyArn: string }
    | { readonly call: "DetachRolePolicy"; readonly policyArn: string }
    | { readonly call: "PutRolePolicy"; readonly policyName: string; readonly policyDocument: string }
    | { readonly call: "DeleteRolePolicy"; readonly policyName: string }
    | { readonly call: "PutRolePermissionsBoundary"; readonly permissionsBoundary: string }
    | { readonly call: "DeleteRolePermissionsBoundary" }
    | { readonly call: "TagRole"; readonly tags: readonly Tag[] }
    | { readonly call: "UntagRole"; readonly tagKeys: readonly string[] }
  );

/** A call that creates or deletes a service-linked role. A deletion is a task that ends later. */
export type LinkedRoleCall =
  | {
      readonly call: "CreateServiceLinkedRole";
      readonly awsServiceName: string;
      readonly description?: string;
      readonly customSuffix?: string;
    }
  | (OnRole & { readonly call: "DeleteServiceLinkedRole" });

/** A call that changes a customer-managed policy. */
export type PolicyCall =
  | {
      readonly call: "CreatePolicy";
      readonly policyName: string;
      readonly policyDocument: string;
      readonly path?: string;
      readonly description?: string;
    }
  | (OnPolicy &
      (
        | {
            readonly call: "CreatePolicyVersion";
            readonly policyDocument: string;
            readonly setAsDefault?: boolean;
          }
        | { readonly call: "SetDefaultPolicyVersion"; readonly versionId: string }
        | { readonly call: "DeletePolicyVersion"; readonly versionId: string }
        | { readonly call: "DeletePolicy" }
      ));

/** A call that changes an instance profile. */
export type ProfileCall = OnProfile &
  (
    | { readonly call: "CreateInstanceProfile"; readonly path?: string }
    | { readonly call: "DeleteInstanceProfile" }
    | { readonly call: "AddRoleToInstanceProfile"; readonly roleName: string }
    | { readonly call: "RemoveRoleFromInstanceProfile"; readonly roleName: string }
  );

/** A call that writes to IAM. */
export type IamCall = RoleCall | LinkedRoleCall | PolicyCall | ProfileCall;

/** The members of a successful answer that the caller did not choose: ARNs, ids and names. */
export type IamResult =
  | { readonly kind: "nothing" }
  | { readonly kind: "role"; readonly name: string; readonly arn: string; readonly id: string }
  | { readonly kind: "policy"; readonly arn: string; readonly id: string }
  | { readonly kind: "version"; readonly versionId: string }
  | { readonly kind: "profile"; readonly arn: string; readonly id: string }
  | { readonly kind: "deletion"; readonly taskId: string };

/** IAM's answer to a call. `code` is the API's error code, such as `NoSuchEntity`. */
export type IamAnswer =
  | { readonly status: "done"; readonly requestId: string; readonly result: IamResult }
  | {
      readonly status: "refused";
      readonly requestId: string;
      readonly code: string;
      readonly message: string;
    };
