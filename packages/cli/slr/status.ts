import type { RoleActivity } from "@drift-guard/core/linked-role/linked-role";
import {
  environmentsOf,
  judgeLinkedRole,
  type RegionLook,
  type Standing,
} from "@drift-guard/core/linked-role/standing";
import { type Deletion, hasEnded } from "@drift-guard/core/model/deletion";
import type { RoleReading } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import { type DeletionPoll, pollDeletion } from "@drift-guard/guard/linked-role/deletion";
import { type ExitCode, parseCommandLine } from "../command.ts";
import { padCell, type Terminal, wrap } from "../terminal.ts";
import { defaultDeletionFile, openDeletionFile } from "./deletion-file.ts";
import { formatDeletion } from "./progress.ts";
import { chooseRegions, type LinkedRoleSession, openLinkedRoleSession, regionOptions } from "./session.ts";

/** What there is to say of a service-linked role. */
interface LinkedRoleReport {
  readonly standing: Standing;
  readonly reading: RoleReading;
  readonly activity: RoleActivity | undefined;
  readonly looks: readonly RegionLook[];
  readonly deletion: DeletionPoll | undefined;
}

/** `slr status`: whether the role is there, who uses it and when it was last used, and whether it is being deleted. */
export async function showStatus(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = parseCommandLine(args, { ...regionOptions, state: { type: "string" } });
  const session = await openLinkedRoleSession(values.role);
  const regions = await chooseRegions(values, session);
  const memory = openDeletionFile(values.state ?? defaultDeletionFile(process.env));
  const { role, account, reader, keeper } = session;
  const known = await memory.load({ account, name: role.name });
  const [reading, looks] = await Promise.all([reader.read(role.name), session.scanRegions(regions)]);
  const standing = judgeLinkedRole(role, reading, looks);
  const deletion = known && (await pollDeletion(known, { keeper, memory }));
  const activity = reading.status === "present" ? await keeper.activity(role.name) : undefined;
  const status: LinkedRoleReport = { standing, reading, activity, looks, deletion };
  const code = exitCodeOf(status);
  if (values.json) await terminal.print(JSON.stringify(describeReport(status, session, code), undefined, 2));
  else await terminal.print(...formatReport(status, session, terminal));
  return code;
}

function exitCodeOf({ standing, looks, deletion }: LinkedRoleReport): ExitCode {
  if (standing === "wanted" || standing === "look-alike") return 1;
  // It may go while something still works with it; IAM keeps it then, if all goes well.
  if (deletion && isUnderWay(deletion.deletion) && environmentsOf(looks).length > 0) return 1;
  return looks.some(({ status }) => status === "unread") || deletion?.kind === "unread" ? 2 : 0;
}

function isUnderWay({ last }: Deletion): boolean {
  return !hasEnded(last);
}

function describeReport(
  status: LinkedRoleReport,
  { account, from, role, arn }: LinkedRoleSession,
  exitCode: ExitCode,
): object {
  const { standing, reading, activity, looks, deletion } = status;
  return {
    account,
    from,
    role: role.name,
    arn,
    exitCode,
    standing,
    exists: reading.status === "present",
    ...(reading.status === "present" && { path: reading.role.path, description: reading.role.description }),
    ...(activity && { activity }),
    regions: looks,
    ...(deletion && { deletion: { ...deletion.deletion, known: deletion.kind !== "unknown" } }),
  };
}

function formatReport(
  { standing, reading, activity, looks, deletion }: LinkedRoleReport,
  { account, from, role, arn }: LinkedRoleSession,
  terminal: Terminal,
): readonly string[] {
  const { columns, paint } = terminal;
  const say = (text: string) => wrap(text, columns, "  ");
  const environments = environmentsOf(looks);
  const good = standing === "present" || standing === "unused" || standing === "absent";
  return [
    `${paint("bold", role.name)}  ${paint(good ? "green" : "red", headlines[standing])}`,
    ...say(reading.status === "present" ? reading.role.arn : arn).map((line) => paint("dim", line)),
    ...say(explainStanding(standing, role.usedBy, reading)),
    ...(activity ? formatActivity(activity).flatMap(say) : []),
    ...(deletion ? say(formatDeletion(deletion)) : []),
    "",
    ...(environments.length === 0
      ? []
      : [`  ${paint("underline", formatRow("REGION", "STATE", "STATUS", role.usedBy.toUpperCase()))}`]),
    ...environments.map(
      ({ region, name, state, status }) =>
        `  ${formatRow(sanitise(region, 40), sanitise(state, 20), sanitise(status, 20), sanitise(name, 140))}`,
    ),
    ...looks.flatMap((look) =>
      look.status === "unread"
        ? say(`${sanitise(look.region, 40)} could not be read: ${sanitise(look.why, 600)}`)
        : [],
    ),
    ...say(formatRegions(looks, role.usedBy)),
    `Account ${account} (${sanitise(from)})`,
  ];
}

const headlines: Readonly<Record<Standing, string>> = {
  present: "is there",
  unused: "is there, and nothing uses it",
  absent: "is not there, and need not be",
  wanted: "is not there, and is needed",
  "look-alike": "is another role of the same name",
};

function explainStanding(standing: Standing, users: string, reading: RoleReading): string {
  switch (standing) {
    case "present":
      return "AWS keeps it, and nobody else may write it. drift-guard check compares it with its reference.";
    case "unused":
      return `No ${users} use it in the regions that were looked in. AWS advises to delete what is not used and so not watched; drift-guard slr delete-plan tells how. This is a note, and no drift.`;
    case "absent":
      return `Batch makes it when ${users} need it. Its absence is no drift.`;
    case "wanted":
      return `The ${users} below turn INVALID without it, and cannot be deleted. Make it again: drift-guard slr create.`;
    case "look-alike": {
      const path = reading.status === "present" ? sanitise(reading.role.path) : "/";
      return `It stands at the path ${path}, and is no service-linked role: Batch cannot make its own while this one has the name. Find out what uses it, delete it, and then: drift-guard slr create.`;
    }
  }
}

/** When the role was last used, in sentences. */
export function formatActivity({ role, services }: RoleActivity): readonly string[] {
  const at = (use: { readonly at: string; readonly region?: string }) =>
    `${use.at}${use.region === undefined ? "" : ` in ${sanitise(use.region, 40)}`}`;
  return [
    role.observed
      ? role.value === null
        ? "IAM knows of no use of it; what it knows is some hours old."
        : `Last used at ${at(role.value)}; what IAM knows is some hours old.`
      : `When it was last used could not be read: ${sanitise(role.why, 600)}`,
    ...(services.observed
      ? services.value.slice(0, 8).map((use) => `Last called ${sanitise(use.service, 60)} at ${at(use)}.`)
      : [`Which services it last called could not be read: ${sanitise(services.why, 600)}`]),
  ];
}

function formatRegions(looks: readonly RegionLook[], users: string): string {
  const read = looks.flatMap((look) => (look.status === "read" ? [sanitise(look.region, 40)] : []));
  if (read.length === 0) return `No region could be looked in for ${users}.`;
  return `Looked for ${users} in ${read.join(", ")}. Other regions: --regions REGION,… or --regions all.`;
}

function formatRow(region: string, state: string, status: string, name: string): string {
  return `${padCell(region, 16)}${padCell(state, 10)}${padCell(status, 10)}${name}`;
}
