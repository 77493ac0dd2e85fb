import { GetPolicyCommand, GetPolicyVersionCommand, type IAMClient } from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { type AttachedPolicy, seen, unseen } from "@drift-guard/core/model/role";
import { errorCodeOf, formatFailure, isDenied } from "../failure.ts";
import { decodeDocument } from "./document.ts";
import { expectMember } from "./pages.ts";

/** Reads managed policies with the documents of their default versions. */
export interface PolicyReader {
  /**
   * The policy as attached. Its version is unseen where IAM denies it, or where the policy is gone, and then `gone` is
   * told why. Throws `RoleUnreadableError` for anything else.
   */
  read(arn: string, gone?: (why: string) => void): Promise<AttachedPolicy>;
}

/** Fetches each version once: a version never changes. Which one is the default does, so that is asked every time. */
export function createPolicyReader(client: IAMClient): PolicyReader {
  const documents = new Map<string, Promise<string>>();

  async function fetchDocument(arn: string, id: string): Promise<string> {
    const answer = await client.send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: id }));
    return decodeDocument(expectMember(answer.PolicyVersion?.Document, "GetPolicyVersion", "Document"));
  }

  function documentOf(arn: string, id: string): Promise<string> {
    const key = `${arn} ${id}`;
    const known = documents.get(key);
    if (known) return known;
    const asked = fetchDocument(arn, id).catch((error: unknown) => {
      documents.delete(key);
      throw error;
    });
    documents.set(key, asked);
    return asked;
  }

  return {
    async read(arn, gone) {
      let permission = "iam:GetPolicy";
      try {
        const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn: arn }));
        const id = expectMember(Policy?.DefaultVersionId, "GetPolicy", "DefaultVersionId");
        permission = "iam:GetPolicyVersion";
        return { arn, version: seen({ id, text: await documentOf(arn, id) }) };
      } catch (error) {
        const why = `The policy ${arn} could not be read: ${formatFailure(error, permission)}`;
        if (errorCodeOf(error) === "NoSuchEntity") gone?.(why);
        else if (!isDenied(error)) throw new RoleUnreadableError(why, { cause: error });
        return { arn, version: unseen(why) };
      }
    },
  };
}
