import { IAMClient } from "@aws-sdk/client-iam";
import { account, allow, trustOf } from "../../builders.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { type Answer, type Call, type Responder, refusal, withResponder, xml } from "../responder.ts";

/** ARN of the policy that every role of this IAM has. */
export const policyArn = `arn:aws:iam::${account}:policy/Own`;

/** Answers by action, in place of `answerWhole`: the first call gets the first answer; the last answer repeats. */
export type AnswersByAction = Readonly<Record<string, readonly (Answer | ((call: Call) => Answer))[]>>;

/** Runs `work` with a client whose IAM answers as `answerWhole` does, except for the actions in `answers`. */
export async function withIam(
  answers: AnswersByAction,
  work: (client: IAMClient, responder: Responder) => Promise<void>,
): Promise<void> {
  const counts = new Map<string, number>();
  const answer = (call: Call): Answer => {
    const count = counts.get(call.action) ?? 0;
    counts.set(call.action, count + 1);
    const own = answers[call.action] ?? [answerWhole];
    const next = own[Math.min(count, own.length - 1)] ?? answerWhole;
    return typeof next === "function" ? next(call) : next;
  };
  await withResponder(answer, async (responder) => {
    const client = new IAMClient({ ...clientSettingsFor(responder.endpoint), maxAttempts: 2 });
    await work(client, responder);
    client.destroy();
  });
}

/** Answers like an account with a role of every name, each with the same policies. */
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
    default:
      return refusal("InvalidAction", `${action} is not known here`);
  }
}

/** Returns one attached policy of a list. */
export function attachedXml(arn: string): string {
  return `<member><PolicyName>${arn.split("/").at(-1)}</PolicyName><PolicyArn>${arn}</PolicyArn></member>`;
}

/** Returns the members that every answer with a role has. */
export function roleXml(name: string): string {
  return (
    `<Path>/</Path><RoleName>${name}</RoleName><RoleId>AROA${name.toUpperCase()}</RoleId>` +
    `<Arn>arn:aws:iam::${account}:role/${name}</Arn>` +
    `<AssumeRolePolicyDocument>${encodeURIComponent(trustOf("batch.amazonaws.com"))}</AssumeRolePolicyDocument>`
  );
}
