import { Drift } from "@drift-guard/core/model/evidence";
import { Part } from "@drift-guard/core/model/part";
import { Severity } from "@drift-guard/core/model/severity";
import * as z from "zod";
import { Statement } from "./ensure.ts";
import { schemaVersion } from "./json.ts";
import { StepOutput } from "./step.ts";

const exitCode = z.literal([0, 1, 2]);

const source = {
  schema: schemaVersion,
  account: z.string(),
  /** The file that the role was read from, the endpoint, or `AWS`. */
  from: z.string(),
  /** The control table or the file with the guard's decisions and rollbacks; left out if none was named. */
  control: z.string().exactOptional(),
  /** The configuration by which modes and watched roles are known. */
  configuration: z
    .strictObject({
      /** The file, or `the default configuration`. */
      file: z.string(),
      /** Whether the guard was deployed with it; left out without `--stage`. */
      deployed: z.enum(["same", "other", "unknown"]).exactOptional(),
      /** Why that is unknown. */
      why: z.string().exactOptional(),
    })
    .readonly(),
  exitCode,
};

/** What the guard does about a drift by itself. */
const guard = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("automatic") }).readonly(),
  z
    .strictObject({ kind: z.literal("waits"), reason: z.string(), until: z.string().exactOptional() })
    .readonly(),
  z
    .strictObject({ kind: z.literal("accepted"), owner: z.string(), reason: z.string(), until: z.string() })
    .readonly(),
  z.strictObject({ kind: z.enum(["off", "simulated", "no-step", "unknown"]) }).readonly(),
]);

const drift = z
  .strictObject({
    /** Id of the drift's finding. */
    finding: z.string(),
    severity: Severity,
    drift: Drift,
    guard,
    /** Whether the steps repair it. */
    planned: z.boolean(),
    /** Why rolling it back is not safe. Without --force, no step repairs such a drift. */
    hazard: z.string().exactOptional(),
    /** Why no step repairs it. */
    why: z.string().exactOptional(),
  })
  .readonly();

const planned = {
  ...source,
  role: z.string(),
  /** Left out if the role does not exist. */
  arn: z.string().exactOptional(),
  drifts: z.array(drift).readonly(),
  /** Parts that could not be compared. */
  undecided: z
    .array(z.strictObject({ part: Part, reasons: z.array(z.string()).readonly() }).readonly())
    .readonly(),
  steps: z.array(StepOutput).readonly(),
  /** SHA-256 of the role's id and the calls: `rollback apply --plan` takes it. Left out if there are no steps. */
  plan: z.string().exactOptional(),
  /** Why the steps may not be carried out. */
  refusal: z.string().exactOptional(),
};

/** What `rollback plan --json` prints. */
export const RollbackPlanOutput = z.strictObject({
  ...planned,
  /** Always false: a plan changes nothing. */
  changed: z.literal(false),
});
export type RollbackPlanOutput = z.infer<typeof RollbackPlanOutput>;

/** What `rollback apply --json` prints. */
export const RollbackApplyOutput = z.strictObject({
  ...planned,
  changed: z.boolean(),
  outcome: z.enum(["nothing to do", "not carried out", "done", "failed"]),
  /** Sentences for a person: what happened, and what to do next. */
  why: z.string(),
  /** The rollback's id, which stands in the user agent of its calls; left out if none was made. */
  rollback: z.string().exactOptional(),
  /** Numbers of the steps that took effect, from 0. */
  effective: z.array(z.number()).readonly(),
  /** If a call was denied: the statements that allow it. */
  statements: z.array(Statement).readonly().exactOptional(),
  /** The drifts that were asked for and that a read afterwards still shows; left out if no call was made. */
  left: z
    .array(z.strictObject({ finding: z.string(), part: Part, side: z.string() }).readonly())
    .readonly()
    .exactOptional(),
});
export type RollbackApplyOutput = z.infer<typeof RollbackApplyOutput>;

const decision = { by: z.string(), until: z.string(), reason: z.string() };

const rollback = z
  .strictObject({
    id: z.string(),
    status: z.enum(["running", "done", "failed"]),
    startedAt: z.string(),
    endedAt: z.string().exactOptional(),
    findings: z.array(z.string()).readonly(),
    failure: z.string().exactOptional(),
    steps: z
      .array(
        z
          .strictObject({
            call: z.string(),
            part: Part,
            /** `planned`: not tried yet, or not at all if the rollback has ended. `calling`: without an answer yet. */
            status: z.enum(["planned", "calling", "done", "refused", "observed", "unanswered"]),
            /** IAM's error code. */
            code: z.string().exactOptional(),
            at: z.string().exactOptional(),
            requestId: z.string().exactOptional(),
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly();

const mode = z.enum(["off", "simulate", "approve", "automatic"]);

/** What `rollback status --json` prints of one role. */
export const RoleStatus = z
  .strictObject({
    role: z.string(),
    modes: z.strictObject({ excess: mode, missing: mode, altered: mode }).readonly(),
    /** The role that rollback knows, and its last clean read; left out if rollback has read it clean never. */
    enrolment: z
      .strictObject({ roleId: z.string(), at: z.string(), cleanAt: z.string().exactOptional() })
      .readonly()
      .exactOptional(),
    /**
     * Set while the guard of a new deployment writes nothing that nobody approved: since when, and until when; `until` is
     * left out if no sweep was complete yet.
     */
    observing: z
      .strictObject({ since: z.string().exactOptional(), until: z.string().exactOptional() })
      .readonly()
      .exactOptional(),
    /** The pauses in force, of the role and of its account. */
    pauses: z
      .array(z.strictObject({ ...decision, scope: z.enum(["account", "role"]) }).readonly())
      .readonly(),
    /** The running rollback and the last ones, the newest first. */
    rollbacks: z.array(rollback).readonly(),
    /** The findings that were rolled back in the last week, since a person reset them. */
    attempts: z
      .array(
        z
          .strictObject({
            finding: z.string(),
            starts: z.array(z.string()).readonly(),
            contested: z.boolean(),
            /** When the next rollback of it may start; left out if at once. */
            next: z.string().exactOptional(),
          })
          .readonly(),
      )
      .readonly(),
    /** When rollback looks at the role again by itself. */
    nextTry: z.string().exactOptional(),
    /** The approvals in force. */
    approvals: z
      .array(z.strictObject({ finding: z.string(), by: z.string(), until: z.string() }).readonly())
      .readonly(),
    /** The exceptions in force. */
    exceptions: z.array(z.strictObject({ ...decision, finding: z.string() }).readonly()).readonly(),
    /** Why stored items could not be read: rollbacks of the role are refused. */
    unreadable: z.array(z.string()).readonly(),
  })
  .readonly();
export type RoleStatus = z.infer<typeof RoleStatus>;

/** What `rollback status --json` prints. */
export const RollbackStatusOutput = z.strictObject({
  ...source,
  roles: z.array(RoleStatus).readonly(),
});
export type RollbackStatusOutput = z.infer<typeof RollbackStatusOutput>;
