import { account, allow, trustOf } from "../builders.ts";
import { type Answer, type Call, refusal, xml } from "./responder.ts";

/** ARN of the policy that every role of this IAM has. */
export const policyArn = `arn:aws:iam::${account}:policy/Own`;

/** Answers as an account with a whole role of every name would. */
export function answerWhole({ action, parameters }: Call): Answer {
  const name = parameters.get("RoleName") ?? "";
  switch (action) {
    case "GetRole":
      return xml(action, `<Role>${roleXml(name)}<MaxSessionDuration>3600</MaxSessionDuration></Role>`);
    case "ListAttachedRolePolicies":
      return xml(
        action,
        `<AttachedPolicies>${attachedXml(policyArn)}</AttachedPolicies><IsTruncated>false</IsTruncated>`,
      );
    case "ListRolePolicies":
      return xml(action, "<PolicyNames><member>extra</member></PolicyNames><IsTruncated>false</IsTruncated>");
    case "GetRolePolicy":
      return xml(
        action,
        `<RoleName>${name}</RoleName><PolicyName>extra</PolicyName><PolicyDocument>${encodeURIComponent(allow("s3:*"))}</PolicyDocument>`,
      );
    case "GetPolicy":
      return xml(action, `<Policy><Arn>${policyArn}</Arn><DefaultVersionId>v3</DefaultVersionId></Policy>`);
    case "GetPolicyVersion":
      return xml(
        action,
        `<PolicyVersion><VersionId>v3</VersionId><Document>${encodeURIComponent(allow("batch:*"))}</Document></PolicyVersion>`,
      );
    case "ListInstanceProfilesForRole":
      return xml(action, "<InstanceProfiles/><IsTruncated>false</IsTruncated>");
    case "GetAccountAuthorizationDetails":
      return xml(
        action,
        `<RoleDetailList><member>${roleXml("Batch")}<AttachedManagedPolicies>${attachedXml(policyArn)}</AttachedManagedPolicies></member></RoleDetailList><IsTruncated>false</IsTruncated>`,
      );
    case "ListRoles":
      return xml(
        action,
        `<Roles><member>${roleXml("Batch")}<MaxSessionDuration>3600</MaxSessionDuration></member></Roles><IsTruncated>false</IsTruncated>`,
      );
    default:
      return refusal("InvalidAction", `${action} is not known here`);
  }
}

/** One attached policy in a list. */
export function attachedXml(arn: string): string {
  return `<member><PolicyName>${arn.split("/").at(-1)}</PolicyName><PolicyArn>${arn}</PolicyArn></member>`;
}

function roleXml(name: string): string {
  return (
    `<Path>/</Path><RoleName>${name}</RoleName><RoleId>AROA${name.toUpperCase()}</RoleId>` +
    `<Arn>arn:aws:iam::${account}:role/${name}</Arn>` +
    `<AssumeRolePolicyDocument>${encodeURIComponent(trustOf("batch.amazonaws.com"))}</AssumeRolePolicyDocument>`
  );
}
