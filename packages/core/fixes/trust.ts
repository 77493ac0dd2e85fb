import { strictnessOf } from "../evaluate/evaluate.ts";
import { type Drift, deniesAdded } from "../model/evidence.ts";
import type { Role } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import { addStatements, repairTrust } from "../rollback/trust-repair.ts";
import type { Proposal, ProposalQuestion } from "./proposal.ts";
import { denyWarning, warn } from "./warnings.ts";

/** Returns what may fix the trust policy of a role. */
export function proposeTrust({ drift, samePart, watched }: ProposalQuestion, role: Role): Proposal {
  const { trust } = localiseReference(watched.reference, role.partition);
  const isOn = (side: Drift["side"]) => samePart.some((one) => one.side === side);
  const repair =
    strictnessOf(watched.reference, watched.guarded).trust === "floor"
      ? { document: addStatements(role, trust, watched.organization), dropsCondition: false }
      : (repairTrust(
          role,
          trust,
          { remove: isOn("excess"), add: isOn("missing"), dropDenies: isOn("missing") },
          watched.organization,
        ) ?? repairTrust(role, trust, { remove: true, add: true, dropDenies: true }, watched.organization));
  const warnings = [
    ...(samePart.some((one) => deniesAdded(one).length > 0) ? [denyWarning] : []),
    ...(repair?.dropsCondition
      ? [
          "It removes a condition on the organisation, which may keep others from using the role. Set organization in the configuration, and check again, before you run this.",
        ]
      : []),
  ];
  const step = { role: role.name, part: drift.part, call: "iam:UpdateAssumeRolePolicy" } as const;
  return {
    candidates: repair ? [{ steps: [{ ...step, document: repair.document }], ...warn(warnings) }] : [],
    otherwise:
      "The reference's trust policy alone does not fix it. Compare both by eye, and write one that keeps every condition that you need.",
  };
}
