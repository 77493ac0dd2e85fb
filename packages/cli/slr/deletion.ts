import { setTimeout as sleep } from "node:timers/promises";
import { environmentsOf, judgeLinkedRole, type RegionScan } from "@drift-guard/core/linked-role/status";
import { type Deletion, hasEnded } from "@drift-guard/core/model/deletion";
import type { RoleKey } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import {
  type DeletionPorts,
  followDeletion,
  type PollingSchedule,
  submitDeletion,
} from "@drift-guard/guard/linked-role/deletion";
import { type ExitCode, parseOptions, UsageError } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { SlrDeleteOutput } from "../output/slr.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { defaultDeletionFile, openDeletionFile } from "./deletion-file.ts";
import { type DeletionOutcome, formatOutcome, judgeOutcome } from "./deletion-outcome.ts";
import { formatDeletion } from "./progress.ts";
import { chooseRegions, type LinkedRoleSession, openLinkedRoleSession, regionOptions } from "./session.ts";

/** `slr delete`: asks IAM to delete the role, and follows the deletion to its end. */
export async function deleteRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("slr delete", args, {
    ...regionOptions,
    yes: { type: "boolean", default: false },
    "even-if-used": { type: "boolean", default: false },
    state: { type: "string", value: "a FILE" },
    every: { type: "string", value: "SECONDS", default: "5" },
    for: { type: "string", value: "SECONDS", default: "600" },
  });
  const schedule = {
    intervalSeconds: readSeconds("--every", values.every),
    timeoutSeconds: readSeconds("--for", values.for),
  };
  if (!values.yes) {
    throw new UsageError(
      "Nothing was changed. slr delete asks IAM to delete a service-linked role. You can undo this only by creating the role again. First see what must be deleted before it: drift-guard slr delete-plan. Then: drift-guard slr delete --yes.",
    );
  }
  const session = await openLinkedRoleSession(values.role);
  const regions = await chooseRegions(values, session);
  const ports: DeletionPorts = {
    keeper: session.keeper,
    memory: openDeletionFile(values.state ?? defaultDeletionFile(process.env)),
    now: () => new Date(),
    pause: (seconds) => sleep(seconds * 1000),
  };
  const report = async (text: string) => {
    if (!values.json) await terminal.print(...wrap(text, terminal.columns));
  };
  const outcome = await carryOut(session, regions, ports, schedule, values["even-if-used"], report);
  if (values.json) await terminal.print(formatDocument(SlrDeleteOutput, { schema: 1, ...outcome }));
  else await terminal.print(...formatOutcome(outcome, terminal));
  return outcome.exitCode;
}

type Report = (text: string) => Promise<void>;

async function carryOut(
  session: LinkedRoleSession,
  regions: readonly string[],
  ports: DeletionPorts,
  schedule: PollingSchedule,
  evenIfUsed: boolean,
  report: Report,
): Promise<DeletionOutcome> {
  const { role, account, reader } = session;
  const key: RoleKey = { account, name: role.name };
  const known = await ports.memory.load(key);
  if (known && !hasEnded(known.last)) {
    await report("An earlier deletion has not ended; following it.");
    const outcome = await follow(known, session, regions, ports, schedule, report);
    // IAM forgets old tasks: if the role still exists, the deletion is requested again.
    if (outcome.outcome !== "unknown") return outcome;
  }
  const scans = await session.scanRegions(regions);
  const refusal = refuse(await reader.read(role.name), scans, evenIfUsed, session);
  if (refusal) return refusal;
  for (const scan of scans) {
    if (scan.status === "unread") {
      await report(
        `${sanitise(scan.region, 40)} could not be read. The deletion fails if something uses the role there. ${sanitise(scan.why, 600)}`,
      );
    }
  }
  const deletion = await submitDeletion(key, ports);
  await report(`IAM accepted the deletion of ${role.name}.`);
  return follow(deletion, session, regions, ports, schedule, report);
}

async function follow(
  deletion: Deletion,
  session: LinkedRoleSession,
  regions: readonly string[],
  ports: DeletionPorts,
  schedule: PollingSchedule,
  report: Report,
): Promise<DeletionOutcome> {
  let reported = "";
  let last: Parameters<typeof judgeOutcome>[0] = { kind: "seen", deletion };
  for await (const poll of followDeletion(deletion, ports, schedule)) {
    last = poll;
    const text = formatDeletion(poll);
    // Only news is printed: most polls see no change.
    if (text !== reported) await report(text);
    reported = text;
  }
  const { role, reader } = session;
  const failed = last.kind === "seen" && last.deletion.last.status === "FAILED";
  const [reading, scans] = await Promise.all([
    reader.read(role.name),
    failed ? session.scanRegions(regions) : [],
  ]);
  return judgeOutcome(last, reading, scans, session);
}

/** The outcome if IAM is not asked at all; undefined if it is. */
function refuse(
  reading: Parameters<typeof judgeLinkedRole>[1],
  scans: readonly RegionScan[],
  evenIfUsed: boolean,
  { role, account }: LinkedRoleSession,
): DeletionOutcome | undefined {
  const base = { role: role.name, account, outcome: "not submitted" as const };
  switch (judgeLinkedRole(role, reading, scans)) {
    case "absent":
    case "absent-but-needed":
      return { ...base, exitCode: 0, why: `${role.name} does not exist: nothing to delete.` };
    case "name-taken":
      return {
        ...base,
        exitCode: 1,
        why: `The role named ${role.name} has another path, so it is not the service-linked role. Its owner can delete it like any other role. Nothing was changed.`,
      };
    case "present":
    case "unused": {
      const users = environmentsOf(scans);
      if (users.length === 0 || evenIfUsed) return undefined;
      const named = users
        .slice(0, 10)
        .map(({ name, region }) => `${sanitise(name, 140)} in ${sanitise(region, 40)}`);
      return {
        ...base,
        exitCode: 1,
        why: `Nothing was changed: ${formatUserCount(users.length, role.usedBy)} ${role.name} and would become INVALID without it: ${named.join(", ")}${users.length > 10 ? ", …" : ""}. drift-guard slr delete-plan shows how to delete them. --even-if-used asks IAM anyway; IAM refuses while the role is in use.`,
      };
    }
  }
}

function formatUserCount(count: number, many: string): string {
  return count === 1 ? `1 ${many.replace(/s$/, "")} uses` : `${count} ${many} use`;
}

function readSeconds(option: string, text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds) && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new UsageError(`${option} takes seconds from 0 to 86400, not ${sanitise(text, 40)}.`);
}
