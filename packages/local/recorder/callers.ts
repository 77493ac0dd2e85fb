import { lastSegment, parseArn } from "@drift-guard/core/model/arn";
import { Instant } from "@drift-guard/core/model/instant";
import type { ApiCall } from "./call.ts";
import { elementAt, textAt, type Xml } from "./xml.ts";

/** The caller of an API call, in the shape of CloudTrail's `userIdentity`. */
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

/** Maps access keys to the callers that use them, as learned from the responses that issue keys. */
export interface CallerRegistry {
  /** Remembers the user or key that the response of a successful call issued; ignores other calls. */
  learn(call: ApiCall, response: Xml, at: Date): void;
  /** Returns the caller that uses a key. An unknown key is the account's root, as in the emulators. */
  identify(accessKeyId: string): CallerIdentity;
}

/** Creates an empty registry of callers for one account. */
export function createCallerRegistry(account: string): CallerRegistry {
  const users = new Map<string, { readonly id: string; readonly arn: string }>();
  const callers = new Map<string, CallerIdentity>();

  function learnSession(call: ApiCall, result: Xml | undefined, at: Date): void {
    const accessKeyId = textAt(result, "Credentials", "AccessKeyId");
    const principalId = textAt(result, "AssumedRoleUser", "AssumedRoleId");
    const arn = textAt(result, "AssumedRoleUser", "Arn");
    const { roleArn } = call.parameters;
    if (!accessKeyId || typeof roleArn !== "string") return;
    const accountId = parseArn(roleArn)?.account ?? account;
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
          userName: lastSegment(roleArn),
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
    learn(call, response, at) {
      const result = resultOf(call, response);
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

/** Returns the result element of a query service's response; undefined if the response has none. */
export function resultOf(call: ApiCall, response: Xml): Xml | undefined {
  return elementAt(response, `${call.action}Response`, `${call.action}Result`);
}

/** Formats a time as CloudTrail does: ISO 8601 in UTC, to the second. */
export function formatEventTime(at: Date): Instant {
  return Instant.parse(at.toISOString().replace(/\.\d+/, ""));
}
