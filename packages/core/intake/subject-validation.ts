import type { Subject } from "../model/change.ts";

/** Whose a subject must be; what is not known is left out. */
export interface SubjectOwner {
  readonly account?: string;
  readonly partition?: string;
}

const iamName = /^[\w+=,.@-]+$/;
const batchName = /^[\w-]{1,128}$/;
const policyArn =
  /^arn:(?<partition>[\w-]+):iam::(?<account>\d{12}|aws):policy\/(?:[\x21-\x7e]{1,510}\/)?(?<name>[\w+=,.@-]{1,128})$/;

/**
 * Whether there can be such a thing in the owner's account.
 *
 * A refused call may name anything at all: to ask AWS about what cannot be there gives an error, and one for each such
 * call would bury what is real.
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
  const found = policyArn.exec(arn)?.groups;
  if (found === undefined) return false;
  if (partition !== undefined && found.partition !== partition) return false;
  return found.account === "aws" || account === undefined || found.account === account;
}
