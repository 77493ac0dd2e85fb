import { GetPolicyCommand, GetPolicyVersionCommand, type IAMClient } from "@aws-sdk/client-iam";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { type AttachedPolicy, seen, unseen } from "@drift-guard/core/model/role";
import { errorCodeOf, formatFailure, isDenied } from "../failure.ts";
import { decodeDocument } from "./document.ts";
import { expectMember } from "./pages.ts";

/** Reads managed policies with the documents of their default versions. */
export interface PolicyReader {
  /**
   * Reads a policy with the document of its default version (`iam:GetPolicy`, `iam:GetPolicyVersion`). The version is
   * unobserved if IAM denies a call, or if the policy does not exist; `onMissing` is then called with the reason. Throws
   * `RoleUnreadableError` for every other failure.
   */
  read(arn: string, onMissing?: (why: string) => void): Promise<AttachedPolicy>;
}

/**
 * Creates a policy reader. It fetches the document of a version once, because versions are immutable, and the id of the
 * default version with every read.
 */
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
    const fetched = fetchDocument(arn, id).catch((error: unknown) => {
      documents.delete(key);
      throw error;
    });
    documents.set(key, fetched);
    return fetched;
  }

  return {
    async read(arn, onMissing) {
      let permission = "iam:GetPolicy";
      try {
        const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn: arn }));
        const id = expectMember(Policy?.DefaultVersionId, "GetPolicy", "DefaultVersionId");
        permission = "iam:GetPolicyVersion";
        return { arn, version: seen({ id, text: await documentOf(arn, id) }) };
      } catch (error) {
        const why = `The policy ${arn} could not be read: ${formatFailure(error, permission)}`;
        if (errorCodeOf(error) === "NoSuchEntity") onMissing?.(why);
        else if (!isDenied(error)) throw new RoleUnreadableError(why, { cause: error });
        return { arn, version: unseen(why) };
      }
    },
  };
}
