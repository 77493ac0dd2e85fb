import { jsonBytes } from "../model/json-size.ts";
import { type Role, seen, unseen } from "../model/role.ts";

/**
 * The most that the documents of a recorded role take together, in bytes of JSON. An item of DynamoDB holds 400 KB
 * (docs/aws-facts.md, "DynamoDB, SQS and Lambda"), and the plan is stored with the role.
 */
const maxDocumentBytes = 150_000;

/**
 * Returns the role as recorded before a rollback: without the documents of managed policies, which are large, and without
 * white space between the tokens of the others, which IAM does not count. Documents that take more than 150,000 bytes
 * together, because somebody padded their texts, are recorded by their digest, from the first that does not fit: nobody
 * can prevent a rollback by the size of policies. `digest` returns the digest of a document (`createDigester`).
 */
export function recordRole(role: Role, digest: (text: string) => string): Role {
  const version = unseen("A before-state keeps no managed documents.");
  const { boundary } = role;
  let bytes = 0;
  const record = (text: string): string => {
    const short = removeSpace(text);
    bytes += jsonBytes(short);
    return bytes > maxDocumentBytes ? digest(text) : short;
  };
  return {
    ...role,
    trust: record(role.trust),
    inline: role.inline.map(({ name, text }) => ({ name, text: record(text) })),
    attached: role.attached.map(({ arn }) => ({ arn, version })),
    boundary: boundary.observed && boundary.value ? seen({ arn: boundary.value.arn, version }) : boundary,
  };
}

/** Returns JSON text without the white space between its tokens. Text that is not JSON is changed only there too. */
export function removeSpace(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/gs, "$1");
}
