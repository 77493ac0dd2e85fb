import { Instant } from "@drift-guard/core/model/instant";
import type { ApiCall } from "./call.ts";
import { elementAt, textAt, type Xml } from "./xml.ts";

/** CloudTrail's `userIdentity` of a call. */
export interface CallerIdentity {
  readonly type: "Root" | "IAMUser" | "AssumedRole";
  readonly principalId: string;
  readonly arn: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly userName?: string;
  readonly sessionContext?: {
    readonly sessionIssuer: {
      readonly type: "Role";
      readonly principalId: string;
      readonly arn: string;
      readonly accountId: string;
      readonly userName: string;
    };
    readonly attributes: { readonly creationDate: string; readonly mfaAuthenticated: "false" };
  };
}

/** Who stands behind each access key, learned from the answers that hand keys out. */
export interface CallerRegistry {
  /** Takes note of the keys and users in the answer of a call that succeeded. */
  learn(call: ApiCall, answer: Xml, at: Date): void;
  /** The caller behind a key; a key that nobody handed out is the account's root, as in the emulators. */
  identify(accessKeyId: string): CallerIdentity;
}

/** Knows the callers of one account. */
export function createCallerRegistry(account: string): CallerRegistry {
  const users = new Map<string, { readonly id: string; readonly arn: string }>();
  const callers = new Map<string, CallerIdentity>();

  function learnSession(call: ApiCall, result: Xml | undefined, at: Date): void {
    const accessKeyId = textAt(result, "Credentials", "AccessKeyId");
    const principalId = textAt(result, "AssumedRoleUser", "AssumedRoleId");
    const arn = textAt(result, "AssumedRoleUser", "Arn");
    const { roleArn } = call.parameters;
    if (!accessKeyId || typeof roleArn !== "string") return;
    const accountId = roleArn.split(":")[4] ?? account;
    callers.set(accessKeyId, {
      type: "AssumedRole",
      principalId,
      arn,
      accountId,
      accessKeyId,
      sessionContext: {
        sessionIssuer: {
          type: "Role",
          principalId: principalId.split(":")[0] ?? "",
          arn: roleArn,
          accountId,
          userName: roleArn.slice(roleArn.lastIndexOf("/") + 1),
        },
        attributes: { creationDate: formatEventTime(at), mfaAuthenticated: "false" },
      },
    });
  }

  function learnKey(result: Xml | undefined): void {
    const accessKeyId = textAt(result, "AccessKey", "AccessKeyId");
    const userName = textAt(result, "AccessKey", "UserName");
    if (!accessKeyId) return;
    const user = users.get(userName);
    callers.set(accessKeyId, {
      type: "IAMUser",
      principalId: user?.id ?? userName,
      arn: user?.arn ?? `arn:aws:iam::${account}:user/${userName}`,
      accountId: account,
      accessKeyId,
      userName,
    });
  }

  return {
    learn(call, answer, at) {
      const result = resultOf(call, answer);
      switch (`${call.service}:${call.action}`) {
        case "sts:AssumeRole":
          return learnSession(call, result, at);
        case "iam:CreateUser":
          users.set(textAt(result, "User", "UserName"), {
            id: textAt(result, "User", "UserId"),
            arn: textAt(result, "User", "Arn"),
          });
          return;
        case "iam:CreateAccessKey":
          return learnKey(result);
      }
    },
    identify: (accessKeyId) =>
      callers.get(accessKeyId) ?? {
        type: "Root",
        principalId: account,
        arn: `arn:aws:iam::${account}:root`,
        accountId: account,
        accessKeyId,
      },
  };
}

/** The result element of a query service's answer; nothing where the call answers with none. */
export function resultOf(call: ApiCall, answer: Xml): Xml | undefined {
  return elementAt(answer, `${call.action}Response`, `${call.action}Result`);
}

/** The moment of a date, to the second, as CloudTrail writes its times. */
export function formatEventTime(at: Date): Instant {
  return Instant.parse(at.toISOString().replace(/\.\d+/, ""));
}
