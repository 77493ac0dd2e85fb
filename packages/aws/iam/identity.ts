import { RoleUnreadableError } from "@drift-guard/core/errors";
import { parseArn } from "@drift-guard/core/model/arn";
import type { AwsAccount } from "../account.ts";
import { decodeDocument } from "./document.ts";
import { expectMember } from "./pages.ts";

/** The members of an IAM answer that identify a role. */
type RoleIdentity = {
  readonly [Member in "Arn" | "RoleName" | "RoleId" | "Path" | "AssumeRolePolicyDocument"]?:
    | string
    | undefined;
};

/** Returns the identity and trust of a role in an IAM answer. Throws `RoleUnreadableError` if it is in another account. */
export function identifyRole(found: RoleIdentity, at: AwsAccount, call: string) {
  const arn = expectMember(found.Arn, call, "Arn");
  if (parseArn(arn)?.account !== at.account) {
    throw new RoleUnreadableError(
      `${call} answered for ${arn}, which is not in account ${at.account}. Use credentials of the watched account.`,
    );
  }
  return {
    account: at.account,
    partition: at.partition,
    name: expectMember(found.RoleName, call, "RoleName"),
    id: expectMember(found.RoleId, call, "RoleId"),
    path: expectMember(found.Path, call, "Path"),
    arn,
    trust: decodeDocument(expectMember(found.AssumeRolePolicyDocument, call, "AssumeRolePolicyDocument")),
  };
}

/** Returns the values of tags by key. */
export function tagsOf(
  tags: readonly { readonly Key: string | undefined; readonly Value: string | undefined }[] = [],
): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}
