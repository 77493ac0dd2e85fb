import type { AwsSecurityFinding } from "@aws-sdk/client-securityhub";
import type { Evidence } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import {
  type HubPlace,
  hubGenerator,
  hubIdOf,
  hubProductOf,
  hubTransitionField,
} from "@drift-guard/core/model/hub";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Announcement } from "./announcement.ts";
import { describeEvidence, formatPart } from "./evidence.ts";
import { formatAuthor, formatCause, formatNextSteps, formatTransitionKind } from "./next-steps.ts";
import { defang, sanitise, truncate } from "./printable.ts";
import { findNextCommand, planCommandOf, type RemediationCommand } from "./remediation.ts";
import { findRoleArn } from "./role-arn.ts";
import { describeUsage } from "./usage.ts";

/** A resource that a finding concerns, in Security Hub's form. */
export interface AsffResource {
  readonly Type: "AwsIamRole" | "AwsIamPolicy";
  readonly Id: string;
  readonly Details?: { readonly AwsIamRole: { readonly RoleName: string } };
}

/**
 * A finding in the AWS Security Finding Format, with only the fields that BatchImportFindings may update.
 *
 * Severity and types are set in FindingProviderFields, and Workflow is left out: Security Hub's users own both after the
 * first import (docs/aws-facts.md, "Security Hub").
 */
export interface AsffFinding {
  readonly SchemaVersion: "2018-10-08";
  readonly Id: string;
  readonly ProductArn: string;
  readonly GeneratorId: string;
  readonly AwsAccountId: string;
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly FirstObservedAt: string;
  readonly LastObservedAt: string;
  readonly Title: string;
  readonly Description: string;
  readonly Remediation: { readonly Recommendation: { readonly Text: string } };
  readonly ProductFields: Record<string, string>;
  readonly Resources: AsffResource[];
  readonly Compliance: { readonly Status: "PASSED" | "WARNING" | "FAILED" };
  readonly RecordState: "ACTIVE" | "ARCHIVED";
  readonly FindingProviderFields: {
    readonly Severity: { readonly Label: Finding["severity"]; readonly Original: string };
    readonly Types: string[];
  };
}

/**
 * The Security Hub finding after a transition. Every transition of one finding has the same Id. `observedAt` is when the
 * finding was last observed; later than the transition if nothing has changed since.
 */
export function formatAsff(
  announcement: Announcement,
  place: HubPlace,
  observedAt = announcement.transition.at,
): AsffFinding {
  const { transition, standing } = announcement;
  const { finding } = transition;
  const { evidence, role } = finding;
  const { title, sentences, lists } = describeEvidence(evidence, role.name, finding.reference);
  const at = formatTimestamp(observedAt);
  return {
    SchemaVersion: "2018-10-08" as const,
    Id: hubIdOf(role.account, finding.id),
    ProductArn: hubProductOf(place),
    GeneratorId: `${hubGenerator}${generatorOf(evidence)}`,
    AwsAccountId: place.account,
    CreatedAt: formatTimestamp(finding.firstSeenAt ?? finding.openedAt),
    UpdatedAt: at,
    FirstObservedAt: formatTimestamp(finding.firstSeenAt ?? finding.openedAt),
    LastObservedAt: at,
    Title: truncate(defang(title), 256),
    Description: truncate(
      defang(
        [
          ...sentences,
          ...[...describeUsage(transition, 3), ...lists].map(
            ({ heading, lines }) => `${heading}: ${lines.join("; ")}.`,
          ),
          ...(transition.note === undefined ? [] : [sanitise(transition.note, 600)]),
        ].join(" "),
      ),
      1024,
    ),
    Remediation: { Recommendation: { Text: formatRecommendation(announcement) } },
    ProductFields: productFieldsOf(transition, standing),
    Resources: resourcesOf(transition, place.partition),
    Compliance: { Status: complianceOf(finding) },
    RecordState: finding.state === "open" ? "ACTIVE" : "ARCHIVED",
    FindingProviderFields: {
      Severity: { Label: finding.severity, Original: finding.severity },
      Types: [typeOf(evidence)],
    },
  } satisfies AwsSecurityFinding;
}

// Security Hub sets a resolved workflow to NEW again only if the finding leaves PASSED or ARCHIVED.
function complianceOf({ state, evidence }: Finding): "PASSED" | "WARNING" | "FAILED" {
  if (state === "resolved") return "PASSED";
  switch (evidence.kind) {
    case "drift":
    case "impersonation":
      return "FAILED";
    case "vendor-change":
      return evidence.lost ? "FAILED" : "WARNING";
    case "undecided":
    case "note":
    case "attempt":
      return "WARNING";
  }
}

function typeOf(evidence: Evidence): string {
  switch (evidence.kind) {
    case "drift":
    case "undecided":
    case "note":
    case "vendor-change":
      return "Software and Configuration Checks/AWS Security Best Practices";
    case "attempt":
      return "TTPs/Privilege Escalation";
    case "impersonation":
      return "TTPs/Credential Access";
  }
}

// The generator is the rule that found it, so it has the kind of the part without its name.
function generatorOf(evidence: Evidence): string {
  const { kind } = evidence.part;
  return evidence.kind === "drift" ? `drift/${kind}/${evidence.side}` : `${evidence.kind}/${kind}`;
}

const maxRecommendation = 512;

function formatRecommendation(announcement: Announcement): string {
  const sentences = defang(formatNextSteps(announcement).join(" "));
  const next = findNextCommand(announcement);
  if (next === undefined) return truncate(sentences, maxRecommendation);
  // A command that is cut does something else, so that another command prints it.
  const whole = [next, planCommandOf(announcement.transition.finding)].map(formatCommand);
  const command = whole.find(({ length }) => length <= maxRecommendation / 2);
  if (command === undefined) return truncate(sentences, maxRecommendation);
  return [truncate(sentences, maxRecommendation - command.length - 1), command].filter(Boolean).join(" ");
}

function formatCommand({ purpose, command }: RemediationCommand): string {
  return `${defang(`To ${purpose}`)}: ${command}`;
}

function productFieldsOf(transition: Transition, standing: Announcement["standing"]): Record<string, string> {
  const { finding, cause } = transition;
  const { evidence, usedBy = [], symptoms = [] } = finding;
  const pairs = {
    "drift-guard/FindingId": finding.id,
    [hubTransitionField]: transition.id,
    "drift-guard/Transition": formatTransitionKind(transition.kind),
    "drift-guard/State": finding.state,
    "drift-guard/Standing": standing.kind,
    "drift-guard/Kind": evidence.kind,
    "drift-guard/Part": formatPart(evidence.part),
    ...(evidence.kind === "drift" && { "drift-guard/Side": evidence.side }),
    "drift-guard/Actor": formatAuthor(transition),
    "drift-guard/Cause": formatCause(transition),
    ...(usedBy.length > 0 && { "drift-guard/UsedBy": usedBy.join("; ") }),
    ...(symptoms.length > 0 && { "drift-guard/Symptoms": symptoms.join("; ") }),
    ...(cause.kind === "change" && { "drift-guard/CloudTrailEventId": cause.changeId }),
  };
  // Security Hub refuses a blank value.
  return Object.fromEntries(
    Object.entries(pairs).flatMap(([key, value]) =>
      /\S/.test(value) ? [[key, truncate(defang(sanitise(value, 2048)), 2048)]] : [],
    ),
  );
}

function resourcesOf({ finding }: Transition, partition: string): AsffResource[] {
  const { role, evidence } = finding;
  const { kind, name: arn } = evidence.part;
  return [
    {
      Type: "AwsIamRole",
      Id: findRoleArn(finding, partition),
      Details: { AwsIamRole: { RoleName: sanitise(role.name, 64) } },
    },
    ...(kind === "managed" && arn !== "" ? [{ Type: "AwsIamPolicy" as const, Id: sanitise(arn, 512) }] : []),
  ];
}

// Security Hub takes RFC 3339 with a time zone.
function formatTimestamp(at: string): string {
  return new Date(at).toISOString();
}
