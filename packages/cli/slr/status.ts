import type { RoleActivity } from "@drift-guard/core/linked-role/linked-role";
import {
  type AccountScan,
  coversPartition,
  environmentsOf,
  judgeLinkedRole,
  type LinkedRoleStatus,
} from "@drift-guard/core/linked-role/status";
import { type Deletion, hasEnded } from "@drift-guard/core/model/deletion";
import type { RoleReading } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import { type DeletionPoll, pollDeletion } from "@drift-guard/guard/linked-role/deletion";
import type * as z from "zod";
import { type ExitCode, parseOptions } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { SlrStatusOutput } from "../output/slr.ts";
import { padCell, type Terminal, wrap } from "../terminal.ts";
import { formatCoverage, formatUnread } from "./coverage.ts";
import { defaultDeletionFile, openDeletionFile } from "./deletion-file.ts";
import { explainDenials } from "./denial.ts";
import { formatDeletion } from "./progress.ts";
import { type LinkedRoleSession, openLinkedRoleSession, parseRegions, regionOptions } from "./session.ts";

/** Everything that `slr status` reports about a service-linked role. */
interface LinkedRoleReport {
  readonly standing: LinkedRoleStatus;
  readonly reading: RoleReading;
  readonly activity: RoleActivity | undefined;
  readonly scan: AccountScan;
  readonly deletion: DeletionPoll | undefined;
}

/** `slr status`: prints whether the role exists, what uses it, when it was last used, and whether it is being deleted. */
export async function showStatus(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("slr status", args, {
    ...regionOptions,
    state: { type: "string", value: "a FILE" },
  });
  const asked = parseRegions(values.regions);
  const session = await openLinkedRoleSession(values);
  const memory = openDeletionFile(values.state ?? defaultDeletionFile(process.env));
  const { role, account, reader, keeper } = session;
  const requested = await memory.load({ account, name: role.name });
  const [reading, scan] = await Promise.all([reader.read(role.name), session.scan(asked)]);
  const standing = judgeLinkedRole(role, reading, scan.scans, scan.leftOut);
  const deletion =
    requested && (await explainDenials("delete", session, () => pollDeletion(requested, { keeper, memory })));
  const activity = reading.status === "present" ? await keeper.activity(role.name) : undefined;
  const status: LinkedRoleReport = { standing, reading, activity, scan, deletion };
  const code = exitCodeOf(status);
  if (values.json) {
    await terminal.print(formatDocument(SlrStatusOutput, describeReport(status, session, code)));
  } else await terminal.print(...formatReport(status, session, terminal));
  return code;
}

function exitCodeOf({ standing, scan: { scans }, deletion }: LinkedRoleReport): ExitCode {
  if (standing === "absent-but-needed" || standing === "name-taken") return 1;
  // The role is not in order if a role in use is being deleted, although IAM normally refuses that.
  if (deletion && isUnderWay(deletion.deletion) && environmentsOf(scans).length > 0) return 1;
  return scans.some(({ status }) => status === "unread") || deletion?.kind === "unread" ? 2 : 0;
}

function isUnderWay({ last }: Deletion): boolean {
  return !hasEnded(last);
}

function describeReport(
  status: LinkedRoleReport,
  { account, from, role, arn }: LinkedRoleSession,
  exitCode: ExitCode,
): z.infer<typeof SlrStatusOutput> {
  const { standing, reading, activity, scan, deletion } = status;
  const { scans, ...others } = scan;
  return {
    schema: 1,
    account,
    from,
    role: role.name,
    arn,
    exitCode,
    standing,
    exists: reading.status === "present",
    ...(reading.status === "present" && { path: reading.role.path, description: reading.role.description }),
    ...(activity && { activity }),
    regions: scans,
    ...others,
    ...(deletion && { deletion: { ...deletion.deletion, known: deletion.kind !== "unknown" } }),
  };
}

function formatReport(
  { standing, reading, activity, scan, deletion }: LinkedRoleReport,
  { account, from, role, arn }: LinkedRoleSession,
  terminal: Terminal,
): readonly string[] {
  const { columns, paint } = terminal;
  const paragraph = (text: string) => wrap(text, columns, "  ");
  const { scans } = scan;
  const environments = environmentsOf(scans);
  const good = standing === "present" || standing === "unused" || standing === "absent";
  const isUnsure = standing === "absent" && !coversPartition(scan);
  const colour = isUnsure ? "yellow" : good ? "green" : "red";
  return [
    `${paint("bold", role.name)}  ${paint(colour, isUnsure ? "does not exist, and may be required" : headlines[standing])}`,
    ...paragraph(reading.status === "present" ? reading.role.arn : arn).map((line) => paint("dim", line)),
    ...paragraph(
      isUnsure
        ? `Whether ${role.usedBy} need it is unknown, because not every region was read.`
        : explainStanding(standing, role.usedBy, reading),
    ),
    ...(standing === "present" && environments.length === 0 && !coversPartition(scan)
      ? paragraph(`Whether ${role.usedBy} use it is unknown, because not every region was read.`)
      : []),
    ...(activity ? formatActivity(activity).flatMap(paragraph) : []),
    ...(deletion ? paragraph(formatDeletion(deletion)) : []),
    "",
    ...(environments.length === 0
      ? []
      : [`  ${paint("underline", formatRow("REGION", "STATE", "STATUS", role.usedBy.toUpperCase()))}`]),
    ...environments.map(
      ({ region, name, state, status }) =>
        `  ${formatRow(sanitise(region, 40), sanitise(state, 20), sanitise(status, 20), sanitise(name, 140))}`,
    ),
    ...formatUnread(scans).flatMap(paragraph),
    ...formatCoverage(scan, role.usedBy).flatMap(paragraph),
    ...wrap(`Account ${account} (${sanitise(from)})`, columns),
  ];
}

const headlines: Readonly<Record<LinkedRoleStatus, string>> = {
  present: "exists",
  unused: "exists, and nothing uses it",
  absent: "does not exist, and is not required",
  "absent-but-needed": "does not exist, and is required",
  "name-taken": "is another role with the same name",
};

function explainStanding(standing: LinkedRoleStatus, users: string, reading: RoleReading): string {
  switch (standing) {
    case "present":
      return "AWS maintains it, and nobody else can change it. drift-guard check compares it with its reference.";
    case "unused":
      return `No ${users} use it in any enabled region of the partition. AWS recommends deleting unused service-linked roles; drift-guard slr delete-plan shows how. This is a note, not drift.`;
    case "absent":
      return `AWS Batch creates it when ${users} need it. Its absence is not drift.`;
    case "absent-but-needed":
      return `Without it, the ${users} below become INVALID and cannot be deleted. Create it again: drift-guard slr create.`;
    case "name-taken": {
      const path = reading.status === "present" ? sanitise(reading.role.path) : "/";
      return `Its path is ${path}, so it is not the service-linked role, and AWS Batch cannot create that one while this role has its name. Find out what uses it, delete it, and then run drift-guard slr create.`;
    }
  }
}

/** When the role was last used and which services it called, as sentences. */
export function formatActivity({ role, services }: RoleActivity): readonly string[] {
  const at = (use: { readonly at: string; readonly region?: string }) =>
    `${use.at}${use.region === undefined ? "" : ` in ${sanitise(use.region, 40)}`}`;
  return [
    role.observed
      ? role.value === null
        ? "IAM has recorded no use of it; its records are some hours late."
        : `Last used at ${at(role.value)}; IAM's records are some hours late.`
      : `Last use unknown: ${sanitise(role.why, 600)}`,
    ...(services.observed
      ? services.value.slice(0, 8).map((use) => `Last called ${sanitise(use.service, 60)} at ${at(use)}.`)
      : [`Services that it called unknown: ${sanitise(services.why, 600)}`]),
  ];
}

function formatRow(region: string, state: string, status: string, name: string): string {
  return `${padCell(region, 16)}${padCell(state, 10)}${padCell(status, 10)}${name}`;
}
