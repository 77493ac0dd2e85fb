import { Answer, type AnswerOf } from "@drift-guard/core/respond/answer";
import type { RespondPlace } from "@drift-guard/core/respond/signature";
import { account, noon } from "../../builders.ts";

/** ARN of the function that the answers of these tests are for. */
export const deployment = `arn:aws:lambda:eu-west-1:${account}:function:drift-guard-test-respond`;
/** ARN of the function of another stage. */
export const anotherDeployment = `arn:aws:lambda:eu-west-1:${account}:function:drift-guard-other-respond`;
/** Where the function runs. */
export const place: RespondPlace = { deployment, region: "eu-west-1", partition: "aws" };

/** The id of a finding, and the digest of its evidence. */
export const finding = "f".repeat(32);
export const evidence = "e".repeat(64);
/** The role that the answers are about. */
export const role = "ecsTaskExecutionRole";

/** A moment some hours after noon. */
export const hoursLater = (hours: number) =>
  new Date(Date.parse(noon) + hours * 3_600_000).toISOString().replace(".000Z", "Z");

const fields: { readonly [Verb in Answer["verb"]]: object } = {
  approve: {
    role,
    finding,
    evidence,
    plan: {
      roleId: "AROAEXAMPLE",
      steps: [
        {
          role,
          part: "inline:extra",
          call: "iam:DeleteRolePolicy",
          policyName: "extra",
        },
      ],
    },
    expires: hoursLater(24),
  },
  undo: {
    role,
    rollback: "rollback-1",
    accepts: [{ finding, evidence }],
    expires: hoursLater(24),
    reason: "needed",
  },
  suppress: { role, finding, evidence, expires: hoursLater(24), reason: "known" },
  reopen: { role, finding },
  evaluate: { role },
  pause: { role, until: hoursLater(24), reason: "maintenance" },
  resume: { role },
  enable: {},
  reset: { role, findings: [finding] },
  close: { role, finding, evidence, reason: "it was our drill" },
};

/** An answer with this verb, for the deployment of these tests. */
export function anAnswer<Verb extends Answer["verb"]>(
  verb: Verb,
  changes: Readonly<Record<string, unknown>> = {},
): AnswerOf<Verb> {
  const answer = Answer.parse({
    deployment,
    id: "00000000-0000-4000-8000-000000000001",
    verb,
    ...fields[verb],
    ...changes,
  });
  if (isOf(answer, verb)) return answer;
  throw new TypeError(`The answer is not one of ${verb}.`);
}

function isOf<Verb extends Answer["verb"]>(answer: Answer, verb: Verb): answer is AnswerOf<Verb> {
  return answer.verb === verb;
}
