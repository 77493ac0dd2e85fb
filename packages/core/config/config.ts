import * as z from "zod";
import { ConfigError } from "../errors.ts";
import { formatIssues } from "../issues.ts";
import { Severity } from "../model/severity.ts";
import { builtInReferences, findReference } from "../reference/built-in.ts";
import { type Reference, Strictness, WrittenReference } from "../reference/reference.ts";
import { AcceptedDrift } from "./accepted-drift.ts";
import { isNamePattern, patternsIntersect } from "./name-pattern.ts";
import { Organization } from "./organization.ts";
import { PrincipalPattern } from "./principal-pattern.ts";
import { RollbackChoice } from "./rollback-choice.ts";

/** The owner's choices for one role, or for the roles whose names match one pattern. */
export const GuardedRole = z.strictObject({
  /** Name of the reference, the owner's own or a built-in one. Default: the role's name. */
  reference: z.string().exactOptional(),
  /** How strictly to compare parts, in place of the reference's own choice. */
  strictness: Strictness.unwrap().partial().default({}),
  /**
   * Policies that the role may have in addition to its reference's, whatever they allow: ARNs of managed policies and
   * names of inline policies, with `*` for any text.
   */
  allowedPolicies: z.array(z.string().min(1)).default([]),
  /** The instance profile that must hold the role, in place of the reference's. */
  profile: z.string().exactOptional(),
  /**
   * `true`: the role must always exist. `false`: it must exist only while AWS Batch uses it (T10). Left out: `false` for
   * references of roles whose use AWS Batch shows, and for service-linked roles, which AWS creates when needed; `true` for
   * others. Without meaning beside a pattern: no role must match it.
   */
  required: z.boolean().exactOptional(),
  /** IAM paths at which the role may be (2.8). The rollback function may write at these paths only. */
  paths: z
    .array(
      z.string().regex(
        // The path becomes part of a permission, in which *, ? and ${ are special.
        /^\/(?:[\x21-\x23\x25-\x29\x2b-\x3e\x40-\x7e]+\/)?$/,
        "must begin and end with /, and hold no space, *, ? or $",
      ),
    )
    .default(["/", "/service-role/"]),
  rollback: RollbackChoice.prefault({}),
});
export type GuardedRole = z.infer<typeof GuardedRole>;

/** What the owner can set a severity for: a drift's side, or another kind of evidence. */
export const SeverityKey = z.enum([
  "excess",
  "missing",
  "altered",
  "undecided",
  "vendor-change",
  "note",
  "attempt",
  "impersonation",
]);
export type SeverityKey = z.infer<typeof SeverityKey>;

// Regions become part of ARNs in permissions.
const Region = z.string().regex(/^[a-z]{2,4}(?:-[a-z]+)+-\d+$/, "must be a region, such as us-east-1");

/** How often people get information that needs no answer. */
export const InformationChoice = z.enum(["weekly", "never"]);
export type InformationChoice = z.infer<typeof InformationChoice>;

/**
 * Which alarms a deployment has: `essential`, those that tell that the guard is blind, that something was lost, or that
 * somebody tampers with it; or `all`, also those that tell why.
 */
export const AlarmChoice = z.enum(["essential", "all"]);
export type AlarmChoice = z.infer<typeof AlarmChoice>;

/** The owner's configuration. `defineConfig` also checks that its parts fit together. */
export const Config = z.strictObject({
  /**
   * By role name, or by a pattern of role names with `*` for any text. The roles of a pattern are compared and reported,
   * and never written. A role's own name is stronger than a pattern.
   */
  roles: z.record(
    z
      .string()
      .regex(/^[\w+=,.@*-]{1,64}$/, "must be a role name, or a pattern of role names with * for any text"),
    GuardedRole,
  ),
  /** The owner's own references. One with the name of a built-in reference replaces it. */
  references: z.array(WrittenReference).default([]),
  /**
   * ARNs of roles and users, with `*` for any text, whose changes are reported but never rolled back without approval, such
   * as the role of a deployment pipeline, which would set its change again. A session is known by the ARN of its role.
   */
  trustedActors: z.array(PrincipalPattern).default([]),
  /**
   * ARNs of the roles and users that deploy the guard, with `*` for any text. People are told when anybody else changes
   * something of the guard itself; with none, each deployment is told too. A session is known by the ARN of its role.
   */
  deployer: z.array(PrincipalPattern).default([]),
  /** Drift that is accepted until a time, beside what people accept with `drift-guard findings suppress`. */
  exceptions: z.array(AcceptedDrift).default([]),
  organization: Organization.exactOptional(),
  /** Severities in place of those that the guard assigns. */
  severities: z.partialRecord(SeverityKey, Severity).default({}),
  regions: z
    .strictObject({
      /** The region of the guard's tables, queues and functions. */
      guard: Region.default("us-east-1"),
      /** Every region in which AWS Batch runs: a rule in each forwards its events to the guard. */
      batch: z.array(Region).default(["us-east-1"]),
    })
    .prefault({}),
  /** Whether to import findings into Security Hub, which must be enabled in the guard's region. */
  securityHub: z.boolean().default(false),
  /** Addresses that get the guard's messages by email. Add other subscriptions to the topic itself. */
  emails: z.array(z.email()).default([]),
  /** Seconds that a message to people may wait for others, so that a storm makes few messages. */
  holdSeconds: z.number().int().min(0).max(60).default(50),
  /**
   * What people are told beside findings that may need an answer. `information`: transitions of severity INFORMATIONAL, such
   * as another version of a policy of AWS; in one message a week, or never. Security Hub and the guard's bus get them at once.
   */
  notify: z.strictObject({ information: InformationChoice.default("never") }).prefault({}),
  /** Which alarms to create (docs/alarms.md). CloudWatch bills each one. */
  alarms: AlarmChoice.default("all"),
  /** Hours between sweeps, which find drift that no event reported. */
  sweepHours: z.number().int().min(1).max(24).default(6),
  /** Seconds until a changed role is read again, since IAM is eventually consistent. SQS delays 900 s at most. */
  recheckSeconds: z.number().int().min(1).max(900).default(120),
  /**
   * The most rollbacks in an hour, in the whole account, that restore anything. Removing excess of severity CRITICAL is never
   * stopped by it.
   */
  restoringPerHour: z.number().int().min(1).max(1000).default(20),
  /** Replaced by `restoringPerHour`. */
  budget: z
    .never({
      error:
        "was replaced: restoringPerHour is the most rollbacks of the account in an hour that restore anything, and attempts on a drift that keeps returning pause by themselves",
    })
    .optional(),
});

export type Config = z.infer<typeof Config>;
/** The configuration as the owner writes it, without defaults. */
export type ConfigInput = z.input<typeof Config>;

/** Checks the configuration and fills in the defaults. Throws `ConfigError` that names the path in `source`. */
export function defineConfig(input: ConfigInput, source = "drift-guard.config.ts"): Config {
  const parsed = FittingConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${source} is not valid:\n${formatIssues(parsed.error, input)}`, {
    cause: parsed.error,
  });
}

/** Seconds that must pass between two clean reads before a finding resolves: half of the recheck's delay. */
export function settleSecondsOf({ recheckSeconds }: Pick<Config, "recheckSeconds">): number {
  return recheckSeconds / 2;
}

/**
 * Seconds after which CloudTrail's event history has been searched for who made a drift that no event told of: the first
 * search waits for a late event and the recheck, and the last one is made 20 minutes later (`guard/lookup`).
 */
export function lookupSecondsOf({ recheckSeconds }: Pick<Config, "recheckSeconds">): number {
  return recheckSeconds * 1.5 + 1800;
}

const FittingConfig = Config.superRefine((config, context) => {
  for (const { name, index } of findRepeatedNames(config.references.map(({ role }) => role))) {
    context.addIssue({
      code: "custom",
      path: ["references", index, "role"],
      message: `another reference before it has the name ${name}`,
    });
  }
  for (const { name, first } of findRepeatedNames(Object.keys(config.roles))) {
    context.addIssue({
      code: "custom",
      path: ["roles", name],
      message: `${first} and ${name} are the same role in IAM: keep one of them`,
    });
  }
  checkPatterns(config.roles, context);
  for (const [name, { reference: wanted }] of Object.entries(config.roles)) {
    if (wanted === undefined && isNamePattern(name)) continue;
    if (findReference(wanted ?? name, config.references)) continue;
    context.addIssue({
      code: "custom",
      path: ["roles", name, ...(wanted === undefined ? [] : ["reference"])],
      message: `there is no reference ${wanted ?? name}; there are ${nameKnownReferences(config.references)}${
        wanted === undefined
          ? `, and \`drift-guard reference capture ${name}\` writes one from the live role`
          : ". Correct the name, or add the reference under references"
      }`,
    });
  }
});

// Each pattern is compared with each other one, and each unknown name with every pattern.
const maxPatterns = 100;

function checkPatterns(roles: Config["roles"], context: z.core.$RefinementCtx<Config>): void {
  const patterns = Object.entries(roles).filter(([name]) => isNamePattern(name));
  const refuse = (path: readonly string[], message: string) =>
    context.addIssue({ code: "custom", path: ["roles", ...path], message });
  if (patterns.length > maxPatterns) {
    refuse([], `holds ${patterns.length} patterns; at most ${maxPatterns} are allowed`);
    return;
  }
  for (const [index, [pattern, { reference, required, rollback }]] of patterns.entries()) {
    if (reference === undefined)
      refuse([pattern], 'a pattern needs a reference, such as { reference: "ecsTaskExecutionRole" }');
    if (required === true)
      refuse([pattern, "required"], "no role must match a pattern: name each role that must exist");
    if (rollback.excess !== "off" || rollback.missing !== "off" || rollback.altered !== "off") {
      refuse(
        [pattern, "rollback"],
        "the roles of a pattern are never written: name each role that is to be rolled back",
      );
    }
    const [rival] = patterns
      .slice(0, index)
      .filter(([other]) => patternsIntersect(other.toLowerCase(), pattern.toLowerCase()));
    if (rival !== undefined)
      refuse([pattern], `${rival[0]} and ${pattern} can match the same role: narrow one of them`);
  }
}

/** A name that IAM takes for the same as one before it, which is `first`. */
interface RepeatedName {
  readonly name: string;
  readonly index: number;
  readonly first: string;
}

function findRepeatedNames(names: readonly string[]): readonly RepeatedName[] {
  const known = new Map<string, string>();
  return names.flatMap((name, index) => {
    const key = name.toLowerCase();
    const first = known.get(key);
    if (first !== undefined) return [{ name, index, first }];
    known.set(key, name);
    return [];
  });
}

// The message is repeated for each role without a reference, so that the list in it is bounded.
const maxNamedReferences = 20;

function nameKnownReferences(own: readonly Reference[]): string {
  const names = [...builtInReferences(), ...own].map(({ role }) => role);
  const more = names.length - maxNamedReferences;
  return names.slice(0, maxNamedReferences).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The roles that are watched if the owner names none: those of the guide's three pages. */
export const defaultRoles: ConfigInput["roles"] = {
  AWSBatchServiceRole: {},
  AWSServiceRoleForBatch: { paths: ["/aws-service-role/batch.amazonaws.com/"] },
  ecsTaskExecutionRole: {},
};
