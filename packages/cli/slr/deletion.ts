import { setTimeout as sleep } from "node:timers/promises";
import { findScanDoubts, findUseDoubts } from "@drift-guard/core/linked-role/deletion-doubts";
import {
  type AccountScan,
  coversPartition,
  environmentsOf,
  judgeLinkedRole,
} from "@drift-guard/core/linked-role/status";
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
import { explainDenials } from "./denial.ts";
import { formatDeletion } from "./progress.ts";
import { type LinkedRoleSession, openLinkedRoleSession, parseRegions, regionOptions } from "./session.ts";

/** `slr delete`: asks IAM to delete the role, and follows the deletion to its end. */
export async function deleteRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const values = parseOptions("slr delete", args, {
    ...regionOptions,
    yes: { type: "boolean", default: false },
    "even-if-used": { type: "boolean", default: false },
    force: { type: "boolean", default: false },
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
  const asked = parseRegions(values.regions);
  const session = await openLinkedRoleSession(values);
  const ports: DeletionPorts = {
    keeper: session.keeper,
    memory: openDeletionFile(values.state ?? defaultDeletionFile(process.env)),
    now: () => new Date(),
    pause: (seconds) => sleep(seconds * 1000),
  };
  const report = async (text: string) => {
    if (!values.json) await terminal.print(...wrap(text, terminal.columns));
  };
  const insistence = { evenIfUsed: values["even-if-used"], force: values.force };
  const outcome = await explainDenials("delete", session, () =>
    carryOut(session, asked, ports, schedule, insistence, report),
  );
  if (values.json) await terminal.print(formatDocument(SlrDeleteOutput, { schema: 1, ...outcome }));
  else await terminal.print(...formatOutcome(outcome, terminal));
  return outcome.exitCode;
}

type Report = (text: string) => Promise<void>;

/** What the person insists on, although the command advises against it. */
interface Insistence {
  readonly evenIfUsed: boolean;
  readonly force: boolean;
}

async function carryOut(
  session: LinkedRoleSession,
  asked: readonly string[] | undefined,
  ports: DeletionPorts,
  schedule: PollingSchedule,
  insistence: Insistence,
  report: Report,
): Promise<DeletionOutcome> {
  const { role, account, reader } = session;
  const key: RoleKey = { account, name: role.name };
  const known = await ports.memory.load(key);
  if (known && !hasEnded(known.last)) {
    await report("An earlier deletion has not ended; following it.");
    const outcome = await follow(known, session, asked, ports, schedule, report);
    // IAM forgets old tasks: if the role still exists, the deletion is requested again.
    if (outcome.outcome !== "unknown") return outcome;
  }
  const scan = await session.scan(asked);
  const refusal = refuse(await reader.read(role.name), scan, insistence, session);
  if (refusal) return refusal;
  const uses = findUseDoubts(await session.keeper.activity(role.name), ports.now());
  // A person who deletes a role that is used knows that it was used.
  const doubts = [...findScanDoubts(scan), ...(insistence.evenIfUsed ? [] : uses)];
  const stop = hesitate(doubts, scan, insistence, session);
  if (stop) return stop;
  for (const doubt of doubts) await report(sanitise(doubt, 1500));
  const deletion = await submitDeletion(key, ports);
  await report(`IAM accepted the deletion of ${role.name}.`);
  return follow(deletion, session, asked, ports, schedule, report);
}

async function follow(
  deletion: Deletion,
  session: LinkedRoleSession,
  asked: readonly string[] | undefined,
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
  const [reading, scan] = await Promise.all([
    reader.read(role.name),
    failed ? session.scan(asked) : undefined,
  ]);
  return judgeOutcome(last, reading, scan?.scans ?? [], session);
}

/** The outcome if IAM is not asked at all; undefined if it is. */
function refuse(
  reading: Parameters<typeof judgeLinkedRole>[1],
  { scans, leftOut }: AccountScan,
  { evenIfUsed }: Insistence,
  { role, account }: LinkedRoleSession,
): DeletionOutcome | undefined {
  const base = { role: role.name, account, outcome: "not submitted" as const };
  switch (judgeLinkedRole(role, reading, scans, leftOut)) {
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

/**
 * The outcome if a use of the role may be hidden and the person does not insist; undefined if IAM is asked. A Region that
 * was not read is unknown (2); a recent use is a reason of its own (1).
 */
function hesitate(
  doubts: readonly string[],
  scan: AccountScan,
  { force }: Insistence,
  { role, account }: LinkedRoleSession,
): DeletionOutcome | undefined {
  if (doubts.length === 0 || force) return undefined;
  return {
    role: role.name,
    account,
    outcome: "not submitted",
    exitCode: coversPartition(scan) ? 1 : 2,
    doubts,
    why: `Nothing was changed: something may use ${role.name} that the scan does not show. ${doubts.map((doubt) => sanitise(doubt, 1500)).join(" ")} --force asks IAM anyway; IAM refuses while the role is in use.`,
  };
}

function formatUserCount(count: number, many: string): string {
  return count === 1 ? `1 ${many.replace(/s$/, "")} uses` : `${count} ${many} use`;
}

function readSeconds(option: string, text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds) && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new UsageError(`${option} takes seconds from 0 to 86400, not ${sanitise(text, 40)}.`);
}
