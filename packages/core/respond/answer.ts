import * as z from "zod";
import { Grant } from "../model/grant.ts";
import { digestOf } from "../model/identity.ts";
import { Instant } from "../model/instant.ts";
import { Step } from "../model/plan.ts";

const Digest = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex");
const FindingId = z.string().regex(/^[0-9a-f]{32}$/, "must be the id of a finding");
const RoleName = z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be the name of a role");

/** Why a person answers so, in one line of at most 500 characters. */
const Reason = z
  .string()
  .min(1, "must not be empty")
  .max(500, "must have at most 500 characters")
  .regex(/\S/, "must not be blank")
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, "must be one line without control characters");

/** A finding with the digest of its evidence (`digestEvidence`): the answer is about exactly this evidence. */
const DecidedEvidence = { finding: FindingId, evidence: Digest };

const base = {
  /** ARN of the function that is asked: names account, Region and stage. */
  deployment: z.string().min(1).max(300),
  /** Drawn anew for each answer, so that no two are equal. */
  id: z.uuid(),
};

// All of a plan, or of accepted grants, becomes one item of the control table, and an item holds 400 KB (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
const maxPlanLength = 200_000;

/** The grants and Denies of a drift that are accepted, and its sentence about what grants do not show. */
const AcceptedGrants = z
  .strictObject({
    grants: z.array(Grant).readonly(),
    denies: z.array(Grant).readonly(),
    detail: z.string().exactOptional(),
  })
  .readonly()
  .refine((accepted) => JSON.stringify(accepted).length <= maxPlanLength, {
    error: `must have at most ${maxPlanLength} characters`,
  });

/** What a person decides about findings and rollbacks. */
export const Answer = z.discriminatedUnion("verb", [
  /** The steps of one finding's rollback, exactly these, on the role with this id, until a time. */
  z
    .strictObject({
      ...base,
      verb: z.literal("approve"),
      role: RoleName,
      ...DecidedEvidence,
      plan: z
        .strictObject({ roleId: z.string().max(128), steps: z.array(Step).min(1).max(200).readonly() })
        .readonly()
        .refine((plan) => JSON.stringify(plan).length <= maxPlanLength, {
          error: `must have at most ${maxPlanLength} characters`,
        }),
      expires: Instant,
      reason: Reason.exactOptional(),
    })
    .readonly(),
  /** What a rollback removed may come back: its findings are accepted until a time. */
  z
    .strictObject({
      ...base,
      verb: z.literal("undo"),
      role: RoleName,
      rollback: z.string().min(1).max(100),
      accepts: z.array(z.strictObject(DecidedEvidence).readonly()).min(1).max(200).readonly(),
      expires: Instant,
      reason: Reason,
    })
    .readonly(),
  /** A finding is accepted until a time: exactly this evidence or, with `covers`, what of these grants it has. */
  z
    .strictObject({
      ...base,
      verb: z.literal("suppress"),
      role: RoleName,
      ...DecidedEvidence,
      covers: AcceptedGrants.exactOptional(),
      expires: Instant,
      reason: Reason,
    })
    .readonly(),
  /** The exception of a finding ends now. */
  z
    .strictObject({
      ...base,
      verb: z.literal("reopen"),
      role: RoleName,
      finding: FindingId,
      reason: Reason.exactOptional(),
    })
    .readonly(),
  /** A role is read and evaluated now. Nothing is recorded. */
  z
    .strictObject({ ...base, verb: z.literal("evaluate"), role: RoleName, reason: Reason.exactOptional() })
    .readonly(),
  /** Nothing is rolled back until a time, of one role or, without `role`, in the account. */
  z
    .strictObject({
      ...base,
      verb: z.literal("pause"),
      role: RoleName.exactOptional(),
      until: Instant,
      reason: Reason,
    })
    .readonly(),
  /** A pause ends now. */
  z
    .strictObject({
      ...base,
      verb: z.literal("resume"),
      role: RoleName.exactOptional(),
      reason: Reason.exactOptional(),
    })
    .readonly(),
  /** The observing phase of a new deployment ends now: from now on, drift is rolled back as the configuration says. */
  z.strictObject({ ...base, verb: z.literal("enable"), reason: Reason.exactOptional() }).readonly(),
  /** The attempts on findings are counted anew. */
  z
    .strictObject({
      ...base,
      verb: z.literal("reset"),
      role: RoleName,
      findings: z.array(FindingId).min(1).max(200).readonly(),
      reason: Reason.exactOptional(),
    })
    .readonly(),
  /** A foreign call with the guard's credentials has been dealt with. */
  z
    .strictObject({
      ...base,
      verb: z.literal("close"),
      role: RoleName,
      ...DecidedEvidence,
      reason: Reason,
    })
    .readonly(),
]);
export type Answer = z.infer<typeof Answer>;

/** An answer with one verb. */
export type AnswerOf<Verb extends Answer["verb"]> = Extract<Answer, { readonly verb: Verb }>;

/** Returns the SHA-256 of an answer, in hex: of its JSON with sorted keys, so that the same answer has one digest. */
export function digestAnswer(answer: Answer): string {
  return digestOf(z.encode(Answer, answer));
}
