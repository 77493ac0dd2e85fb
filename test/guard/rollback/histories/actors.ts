import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { account } from "../../../builders.ts";

const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;

/** ARN of the role that rollbacks run as. */
export const guardRole = roleArn("drift-guard-rollback");
/** ARN of the role of a pipeline that the owner may trust. */
export const pipelineRole = roleArn("pipeline");

/** The guard, as it calls IAM. */
export const guard: ApiCaller = { kind: "session", role: guardRole, session: "rollback" };

/** Who changes the role, by what they are to the guard. */
export const actors = {
  owner: { kind: "user", name: "ann" },
  pipeline: { kind: "session", role: pipelineRole, session: "run-1" },
  attacker: { kind: "user", name: "mallory", sourceIp: "203.0.113.7" },
  // Their session has the name of the trusted role.
  impostor: { kind: "session", role: roleArn("contractor"), session: "pipeline" },
  rival: {
    kind: "session",
    role: roleArn("other-guard"),
    session: "rollback",
    userAgent: "aws-sdk-js/3 drift-guard/11111111-1111-1111-1111-111111111111#0",
  },
} as const satisfies Readonly<Record<string, ApiCaller>>;
export type ActorName = keyof typeof actors;

/** Who answers the guard's messages: the ARNs that STS returned for them. */
export const people = {
  "on-call": `arn:aws:iam::${account}:user/on-call`,
  colleague: `arn:aws:iam::${account}:user/colleague`,
  attacker: `arn:aws:iam::${account}:user/mallory`,
} as const;
export type PersonName = keyof typeof people;
