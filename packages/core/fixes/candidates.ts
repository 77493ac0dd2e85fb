import type { Drift } from "../model/evidence.ts";
import { isSamePart } from "../model/part.ts";
import { proposeCreation, proposeForLinkedRole } from "./creation.ts";
import { proposeInline } from "./inline-policy.ts";
import { proposeManaged } from "./managed-policy.ts";
import { proposePermissions } from "./missing-permissions.ts";
import { manual, type Proposal, type ProposalQuestion } from "./proposal.ts";
import { proposeBoundary, proposeProfile, proposeSetting } from "./settings.ts";
import { proposeTrust } from "./trust.ts";

/** Returns what may fix a drift. */
export function proposeFixes(question: ProposalQuestion): Proposal {
  const { reading, watched } = question;
  if (watched.reference.serviceLinked !== undefined) return proposeForLinkedRole(question);
  if (reading.status === "absent") return proposeCreation(question);
  const { role } = reading;
  if (role.path.startsWith("/aws-service-role/")) {
    return manual(`${role.name} is a service-linked role: only AWS may change it.`);
  }
  switch (question.drift.part.kind) {
    case "role":
      return manual(
        "IAM cannot move a role to another path, and takes no second role of its name. If what uses the role names its ARN, add the path to the role's paths in the configuration. Otherwise stop what uses it, delete it, and create it again at the right path.",
      );
    case "trust":
      return proposeTrust(question, role);
    case "managed":
      return proposeManaged(question, role, question.drift.part.name);
    case "inline":
      return proposeInline(question, role, question.drift.part.name);
    case "permissions":
      return proposePermissions(question, role);
    case "boundary":
      return proposeBoundary(question, role);
    case "profile":
      return proposeProfile(question, role);
    case "description":
    case "session":
    case "tag":
      return proposeSetting(question, role);
  }
}

/** Returns every drift of the same part as `drift`, itself included. */
export function listSamePart(drift: Drift, drifts: readonly Drift[]): readonly Drift[] {
  return drifts.filter(({ part }) => isSamePart(part, drift.part));
}
