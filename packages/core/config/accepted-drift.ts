import * as z from "zod";
import { type Drift, DriftSide } from "../model/evidence.ts";
import type { Exception } from "../model/exception.ts";
import { type Grant, grantFields } from "../model/grant.ts";
import { digestEvidence, identifyFinding } from "../model/identity.ts";
import { Instant } from "../model/instant.ts";
import { PartText, partOf } from "../model/part.ts";
import { type RoleKey, sameRoleName } from "../model/role.ts";

const { statements: _, nearest: __, example: ___, remains: ____, conditions, ...fields } = grantFields;

const AcceptedGrant = z.strictObject({ ...fields, conditions: conditions.default([]) });

const Words = z.string().regex(/\S/, "must not be blank");

const AcceptedFields = z.strictObject({
  /** The role's name. */
  role: z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be a role name"),
  /** The account, if the configuration is used for several; every account if left out. */
  account: z
    .string()
    .regex(/^\d{12}$/, "must be 12 digits")
    .exactOptional(),
  /** The part as the guard names it: `trust`, `managed:ARN`, `inline:NAME`. */
  part: PartText,
  side: DriftSide,
  /** What is accepted; a grant beyond these is reported. */
  grants: z.array(AcceptedGrant).default([]),
  /** Deny statements whose absence or presence is accepted. */
  denies: z.array(AcceptedGrant).default([]),
  /** The finding's sentence about what grants do not show, word for word. */
  detail: z.string().exactOptional(),
  /** Who answers for it. */
  owner: Words,
  reason: Words,
  expires: Instant,
});

/**
 * An exception that the owner writes into the configuration: a drift of one role, accepted until a time. A grant of the trust
 * policy names principals, since without them it would accept everybody; another one names resources.
 */
export const AcceptedDrift = AcceptedFields.superRefine(({ part, grants, denies, detail }, context) => {
  if (grants.length + denies.length === 0 && detail === undefined) {
    context.addIssue({ code: "custom", message: "accepts nothing: it needs grants, denies or a detail" });
  }
  const needed = part === "trust" ? "principals" : "resources";
  const other = part === "trust" ? "resources" : "principals";
  for (const [field, list] of Object.entries({ grants, denies })) {
    for (const [index, grant] of list.entries()) {
      const refuse = (name: string, message: string) =>
        context.addIssue({ code: "custom", path: [field, index, name], message });
      if (grant.actions.length === 0) refuse("actions", "must have an entry");
      if (grant[needed] === undefined || grant[needed].length === 0) {
        refuse(needed, `must have an entry: a grant at ${part} is about ${needed}`);
      }
      if (grant[other] !== undefined) refuse(other, `must be left out: a grant at ${part} has no ${other}`);
    }
  }
});
export type AcceptedDrift = z.infer<typeof AcceptedDrift>;

/** Returns a drift's exception as the owner writes it into the configuration, as plain JSON. */
export function writeAcceptedDrift(
  {
    role,
    part,
    side,
    grants,
    denies,
    detail,
  }: Pick<Drift, "part" | "side" | "grants" | "denies" | "detail"> & {
    readonly role: RoleKey;
  },
  decision: Pick<AcceptedDrift, "owner" | "reason" | "expires">,
): z.input<typeof AcceptedDrift> {
  const write = ({ statements, nearest, example, remains, conditions, ...grant }: Grant) => ({
    ...grant,
    ...(conditions.length > 0 && { conditions }),
  });
  return {
    role: role.name,
    account: role.account,
    part: part.toString(),
    side,
    grants: grants.map(write),
    ...(denies.length > 0 && { denies: denies.map(write) }),
    ...(detail !== undefined && { detail }),
    ...decision,
  };
}

/** Returns the exceptions of a role that the configuration holds. */
export function listConfigured(role: RoleKey, accepted: readonly AcceptedDrift[]): readonly Exception[] {
  return accepted
    .filter(
      ({ role: name, account }) =>
        sameRoleName(name, role.name) && (account === undefined || account === role.account),
    )
    .map(({ part, side, grants, denies, detail, owner, reason, expires }) => {
      const evidence = {
        kind: "drift",
        part: partOf(part),
        side,
        grants: grants.map((grant) => ({ ...grant, statements: [] })),
        denies: denies.map((deny) => ({ ...deny, statements: [] })),
        ...(detail !== undefined && { detail }),
      } as const;
      return {
        findingId: identifyFinding(role, evidence),
        digest: digestEvidence(evidence),
        grants: evidence.grants,
        denies: evidence.denies,
        ...(detail !== undefined && { detail }),
        owner,
        reason,
        expires,
        configured: true,
      };
    });
}
