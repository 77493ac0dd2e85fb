import type { Finding } from "@drift-guard/core/model/finding";
import { toolOf } from "@drift-guard/core/model/tool";
import { formatActor } from "@drift-guard/formats/actors";
import { describeEvidence } from "@drift-guard/formats/evidence";
import { sanitise } from "@drift-guard/formats/printable";
import { findRoleArn, partitionOf } from "@drift-guard/formats/role-arn";

const columns: readonly (readonly [name: string, value: (finding: Finding) => string | undefined])[] = [
  ["id", ({ id }) => id],
  ["state", ({ state }) => state],
  ["severity", ({ severity }) => severity],
  ["account", ({ role }) => role.account],
  ["role", ({ role }) => role.name],
  ["arn", (finding) => findRoleArn(finding, partitionOf(finding))],
  ["part", ({ evidence }) => evidence.part.toString()],
  ["kind", ({ evidence }) => evidence.kind],
  ["side", ({ evidence }) => (evidence.kind === "drift" ? evidence.side : undefined)],
  ["title", ({ evidence, role, reference }) => describeEvidence(evidence, role.name, reference).title],
  ["first_seen", ({ firstSeenAt }) => firstSeenAt],
  ["opened", ({ openedAt }) => openedAt],
  ["last_seen", ({ lastSeenAt }) => lastSeenAt],
  ["updated", ({ updatedAt }) => updatedAt],
  ["actor", ({ causedBy }) => causedBy && formatActor(causedBy)],
  ["tool", ({ causedBy }) => causedBy && toolOf(causedBy)],
  ["event_id", ({ origin }) => origin?.changeId],
];

/** The first line of the findings as CSV (RFC 4180). */
export const csvHead = columns.map(([name]) => name).join(",");

/** Returns a finding as one line of CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function formatCsv(finding: Finding): string {
  return columns.map(([, read]) => quoteCell(sanitise(read(finding) ?? "", 1000))).join(",");
}

function quoteCell(text: string): string {
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
