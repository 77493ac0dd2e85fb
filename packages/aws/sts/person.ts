import { GetRoleCommand, type IAMClient } from "@aws-sdk/client-iam";
import { CallerUnprovenError } from "@drift-guard/core/errors";
import type { CallerVerifier } from "@drift-guard/core/ports";
import type { IdentityRequest } from "@drift-guard/core/respond/identity-request";
import { type Person, readCaller } from "@drift-guard/core/respond/person";
import type { AwsAccount } from "../account.ts";
import { errorCodeOf, formatFailure } from "../failure.ts";
import { identifyCaller } from "./caller.ts";

/**
 * Creates the verifier that asks STS who signed a request, and IAM for the path of a session's role (`iam:GetRole`). It
 * proves people of the guard's own account only. `endpoint` is an endpoint of STS in place of AWS's.
 */
export function createCallerVerifier(
  client: IAMClient,
  { account, endpoint }: Pick<AwsAccount, "account"> & { readonly endpoint?: string | undefined },
): CallerVerifier {
  return {
    async verify(request: IdentityRequest) {
      const caller = await identifyCaller(request, endpoint);
      if (caller.status === "refused") {
        return refuse(
          `STS does not accept the signature (${caller.code}): the answer was altered, or the credentials are wrong or have ended.`,
        );
      }
      const { identity } = caller;
      const { arn, userId } = identity;
      if (identity.account !== account) {
        return refuse(
          `${arn} is of account ${identity.account}. Only people of account ${account} may answer.`,
        );
      }
      const kind = readCaller(arn);
      switch (kind.kind) {
        case "principal":
          return { status: "proven", person: { arn, principal: kind.arn, userId } };
        case "session": {
          const role = await findRole(client, kind.role);
          // A role that was deleted and made again has another id: the session is of the earlier one.
          return role !== undefined && userId.startsWith(`${role.id}:`)
            ? { status: "proven", person: { arn, principal: role.arn, userId } satisfies Person }
            : refuse(`The role of ${arn} does not exist any more.`);
        }
        case "other":
          return refuse(
            `${arn} is neither a user nor a session of a role, so that nobody can tell who made it. Answer as a user or with a role.`,
          );
      }
    },
  };
}

function refuse(reason: string): { readonly status: "refused"; readonly reason: string } {
  return { status: "refused", reason };
}

async function findRole(
  client: IAMClient,
  name: string,
): Promise<{ readonly arn: string; readonly id: string } | undefined> {
  try {
    const { Role } = await client.send(new GetRoleCommand({ RoleName: name }));
    return Role?.Arn === undefined || Role.RoleId === undefined
      ? undefined
      : { arn: Role.Arn, id: Role.RoleId };
  } catch (cause) {
    if (errorCodeOf(cause) === "NoSuchEntity") return undefined;
    throw new CallerUnprovenError(
      `The role of the person who answers could not be read: ${formatFailure(cause, "iam:GetRole")}`,
      { cause },
    );
  }
}
