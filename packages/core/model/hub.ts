import * as z from "zod";
import { Instant } from "./instant.ts";

/** The account, region and partition of a Security Hub. */
export interface HubPlace {
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

/** Returns the ARN of the product under which the guard imports its findings: the account's own, custom product. */
export function hubProductOf({ account, region, partition }: HubPlace): string {
  return `arn:${partition}:securityhub:${region}:${account}:product/${account}/default`;
}

/** The beginning of the `GeneratorId` of every finding of the guard in Security Hub. */
export const hubGenerator = "drift-guard/";

/** The product field that holds the id of the transition which a finding was imported by. */
export const hubTransitionField = "drift-guard/TransitionId";

/** Returns the `Id` of a finding in Security Hub. */
export function hubIdOf(account: string, findingId: string): string {
  return `drift-guard/${account}/${findingId}`;
}

/** What a user of Security Hub did with a finding (docs/aws-facts.md, "Security Hub"). */
export const HubWorkflow = z.enum(["NEW", "NOTIFIED", "SUPPRESSED", "RESOLVED"]);
export type HubWorkflow = z.infer<typeof HubWorkflow>;

/**
 * What keeps the guard from telling people of a finding, because a user of Security Hub said so. It is no exception: the
 * finding stays open, and rollback does not read it.
 */
export const Quieting = z
  .object({
    /** `suppressed` ends at `until`. `acknowledged` ends when the finding changes, or is resolved and returns. */
    kind: z.enum(["suppressed", "acknowledged"]),
    /** Digest of the evidence that Security Hub showed (`digestEvidence`). Other evidence is told. */
    digest: z.string(),
    at: Instant,
    until: Instant.exactOptional(),
  })
  .readonly();
export type Quieting = z.infer<typeof Quieting>;

/** What the guard knows of one of its findings in Security Hub. */
export const HubFinding = z
  .object({
    /** 0 if nothing is stored yet; every write adds one. */
    version: z.number(),
    /** As it was last read or set. */
    workflow: HubWorkflow,
    quieting: Quieting.exactOptional(),
    /** Set while people still must be told of the suppression, which is told once. */
    untold: z.literal(true).exactOptional(),
    /** The last custom actions on the finding, by the ids of their events, the newest first. Bounded. */
    actions: z
      .array(z.object({ eventId: z.string(), at: Instant }).readonly())
      .readonly()
      .exactOptional(),
  })
  .readonly();
export type HubFinding = z.infer<typeof HubFinding>;

/** Returns the state of a finding of which nothing is stored: Security Hub creates findings as NEW. */
export function emptyHubFinding(): HubFinding {
  return { version: 0, workflow: "NEW" };
}

/** Whether the account uses Security Hub, as the last import found it. */
export const HubAccess = z
  .object({
    /** 0 if nothing is stored yet; every write adds one. */
    version: z.number(),
    /** Set while Security Hub is not enabled. */
    disabled: z
      .object({
        since: Instant,
        /** When an import was last tried. */
        triedAt: Instant,
        /** Set once people were told. */
        told: z.literal(true).exactOptional(),
      })
      .readonly()
      .exactOptional(),
  })
  .readonly();
export type HubAccess = z.infer<typeof HubAccess>;
