import { parseIamArn } from "../model/arn.ts";
import type { Subject } from "../model/change.ts";

/** The account and partition that a subject must belong to. A field that is left out is not checked. */
export interface SubjectOwner {
  readonly account?: string;
  readonly partition?: string;
}

const iamName = /^[\w+=,.@-]+$/;
const batchName = /^[\w-]{1,128}$/;
const iamPath = /^\/(?:[\x21-\x7e]{1,510}\/)?$/;

/**
 * Whether a subject can exist in the owner's account, by its name or ARN. A refused call may contain any text; AWS answers
 * a malformed name with an error, and such errors would hide real ones.
 */
export function isPossibleSubject(subject: Subject, owner: SubjectOwner = {}): boolean {
  switch (subject.kind) {
    case "role":
      return subject.name.length <= 64 && iamName.test(subject.name);
    case "profile":
      return subject.name.length <= 128 && iamName.test(subject.name);
    case "policy":
      return isPossiblePolicy(subject.arn, owner);
    case "compute-environment":
    case "job-definition":
      return batchName.test(subject.name);
  }
}

function isPossiblePolicy(arn: string, { account, partition }: SubjectOwner): boolean {
  const found = parseIamArn(arn);
  if (found?.type !== "policy" || !iamPath.test(found.path)) return false;
  if (found.name.length > 128 || !iamName.test(found.name)) return false;
  if (partition !== undefined && found.partition !== partition) return false;
  return found.account === "aws" || account === undefined || found.account === account;
}
