import type { Actor } from "@drift-guard/core/model/actor";
import { lastSegment, parseArn } from "@drift-guard/core/model/arn";
import type { Evidence } from "@drift-guard/core/model/evidence";
import type { FindingState } from "@drift-guard/core/model/finding";
import type { Severity } from "@drift-guard/core/model/severity";
import type { Cause, Transition, TransitionKind } from "@drift-guard/core/model/transition";
import type { Announcement } from "./announcement.ts";
import { describeEvidence } from "./evidence.ts";
import { formatNextSteps } from "./next-steps.ts";
import { defang, sanitise, truncate } from "./printable.ts";
import { findNextCommand } from "./remediation.ts";
import { findRoleArn, partitionOf } from "./role-arn.ts";

/**
 * An announcement as a Detection Finding (class 2004) of the Open Cybersecurity Schema Framework, version 1.5.0, with the
 * profile `cloud` (https://schema.ocsf.io/1.5.0/classes/detection_finding). Every transition of one finding has the same
 * `finding_info.uid`; the transition's id is `metadata.uid`. Times are milliseconds since 1970.
 */
export function formatOcsf(announcement: Announcement) {
  const { transition, standing } = announcement;
  const { finding } = transition;
  const { evidence, role } = finding;
  const partition = partitionOf(finding);
  const arn = findRoleArn(finding, partition);
  const described = describeEvidence(evidence, role.name, finding.reference);
  const title = defang(described.title);
  const activity = activityOf(transition.kind);
  const severity = severities[finding.severity];
  const status = statuses[finding.state];
  const firstSeen = Date.parse(finding.firstSeenAt ?? finding.openedAt);
  const at = Date.parse(transition.at);
  const { actor, ip, evidences } = evidencesOf(transition);
  return {
    activity_id: activity.id,
    activity_name: activity.name,
    category_uid: 2,
    category_name: "Findings",
    class_uid: 2004,
    class_name: "Detection Finding",
    type_uid: 2004 * 100 + activity.id,
    type_name: `Detection Finding: ${activity.name}`,
    severity_id: severity.id,
    severity: severity.name,
    status_id: status.id,
    status: status.name,
    time: at,
    message: title,
    is_alert: finding.state === "open" && finding.severity !== "INFORMATIONAL",
    metadata: {
      version: "1.5.0",
      uid: sanitise(transition.id),
      sequence: finding.seq,
      profiles: ["cloud"],
      product: { name: "drift-guard", vendor_name: "drift-guard" },
    },
    cloud: {
      provider: "AWS",
      cloud_partition: partition,
      account: { uid: sanitise(role.account), type_id: 10, type: "AWS Account" },
    },
    finding_info: {
      uid: sanitise(finding.id),
      title,
      desc: truncate(defang([title, ...described.sentences].join(". ")), maxText),
      analytic: { type_id: 1, type: "Rule", name: ruleOf(evidence) },
      types: [evidence.kind],
      data_sources: ["AWS IAM", "AWS CloudTrail"],
      created_time: firstSeen,
      first_seen_time: firstSeen,
      last_seen_time: Math.max(firstSeen, Date.parse(finding.lastSeenAt ?? transition.at)),
      modified_time: Math.max(firstSeen, at),
    },
    resources: [{ uid: arn, name: sanitise(role.name), type: "AWS::IAM::Role", cloud_partition: partition }],
    ...(evidences.length > 0 && { evidences }),
    observables: [
      { name: "resources.uid", type_id: 10, type: "Resource UID", value: arn },
      ...(ip === undefined
        ? []
        : [{ name: "evidences.src_endpoint.ip", type_id: 2, type: "IP Address", value: ip }]),
      ...(actor?.userAgent === undefined || actor.userAgent === ""
        ? []
        : [
            {
              name: "evidences.http_request.user_agent",
              type_id: 16,
              type: "HTTP User-Agent",
              value: sanitise(actor.userAgent),
            },
          ]),
    ],
    remediation: { desc: remedyOf(announcement) },
    unmapped: {
      transition: transition.kind,
      standing: standing.kind,
      part: sanitise(evidence.part.toString(), 400),
      ...(evidence.kind === "drift" && { side: evidence.side }),
    },
  };
}

const maxText = 4000;

const severities = {
  INFORMATIONAL: { id: 1, name: "Informational" },
  LOW: { id: 2, name: "Low" },
  MEDIUM: { id: 3, name: "Medium" },
  HIGH: { id: 4, name: "High" },
  CRITICAL: { id: 5, name: "Critical" },
} as const satisfies Record<Severity, { readonly id: number; readonly name: string }>;

const statuses = {
  open: { id: 1, name: "New" },
  suppressed: { id: 3, name: "Suppressed" },
  resolved: { id: 4, name: "Resolved" },
} as const satisfies Record<FindingState, { readonly id: number; readonly name: string }>;

function activityOf(kind: TransitionKind): { readonly id: number; readonly name: string } {
  switch (kind) {
    case "opened":
      return { id: 1, name: "Create" };
    case "resolved":
    case "closed":
      return { id: 3, name: "Close" };
    case "worsened":
    case "improved":
    case "attributed":
    case "sessions-found":
    case "suppressed":
    case "expiring":
    case "approved":
    case "rolled-back":
    case "refused":
    case "reopened":
    case "recurred":
    case "contested":
    case "simulated":
      return { id: 2, name: "Update" };
  }
}

function ruleOf(evidence: Evidence): string {
  const { kind } = evidence.part;
  return evidence.kind === "drift" ? `drift/${kind}/${evidence.side}` : `${evidence.kind}/${kind}`;
}

function remedyOf(announcement: Announcement): string {
  const sentences = truncate(defang(formatNextSteps(announcement).join(" ")), maxText / 2);
  const next = findNextCommand(announcement);
  // A command that is cut does something else.
  const command =
    next === undefined || next.command.length > maxText / 2
      ? []
      : [`${defang(`To ${next.purpose}`)}: ${next.command}`];
  return [sentences, ...command].filter((text) => text !== "").join(" ") || "Nothing to do.";
}

/** Returns who made the change, from where and by which call, as far as known. */
function evidencesOf({ actor: author, cause, finding }: Transition) {
  const actor = author ?? finding.causedBy;
  const ip = actor?.sourceIp !== undefined && isIp(actor.sourceIp) ? actor.sourceIp : undefined;
  const call = callOf(cause, finding.evidence);
  const evidence = {
    ...(actor && { actor: { user: describeUser(actor) } }),
    ...(call && { api: { operation: sanitise(call.operation), service: { name: sanitise(call.service) } } }),
    ...(ip !== undefined && { src_endpoint: { ip } }),
    ...(actor?.userAgent && { http_request: { user_agent: sanitise(actor.userAgent) } }),
  };
  const isKnown = actor !== undefined || call !== undefined;
  return { actor, ip, evidences: isKnown ? [evidence] : [] };
}

function describeUser({ arn, account, type, service, issuer }: Actor) {
  const uid = arn ?? issuer;
  return {
    name: sanitise(uid === undefined ? (service ?? type) : lastSegment(uid)) || "unknown",
    ...(uid !== undefined && { uid: sanitise(uid) }),
    ...(account !== undefined && { account: { uid: sanitise(account), type_id: 10, type: "AWS Account" } }),
    type_id: type === "AWSService" || parseArn(uid ?? "") === undefined ? 3 : 1,
    type: type === "AWSService" || parseArn(uid ?? "") === undefined ? "System" : "User",
  };
}

function callOf(
  cause: Cause,
  evidence: Evidence,
): { readonly service: string; readonly operation: string } | undefined {
  const call = "call" in evidence ? evidence.call : cause.kind === "change" ? cause.call : undefined;
  const [service, operation] = call?.split(":") ?? [];
  return service && operation ? { service, operation } : undefined;
}

/** Whether a text is an IPv4 or IPv6 address: CloudTrail has a service's name there, where a service made the call. */
function isIp(text: string): boolean {
  const parts = text.split(".");
  if (parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return true;
  return /^[0-9a-f:]{2,39}$/i.test(text) && isIpv6(text);
}

function isIpv6(text: string): boolean {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return false;
  const groups = [head, tail ?? ""].flatMap((half) => (half === "" ? [] : half.split(":")));
  const isWhole = groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group));
  return isWhole && (tail === undefined ? groups.length === 8 : groups.length < 8);
}
