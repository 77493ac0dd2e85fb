import { setTimeout as sleep } from "node:timers/promises";
import { environmentsOf, judgeLinkedRole, type RegionLook } from "@drift-guard/core/linked-role/standing";
import { type Deletion, hasEnded } from "@drift-guard/core/model/deletion";
import type { RoleKey } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import {
  type DeletionPorts,
  followDeletion,
  type PollingSchedule,
  submitDeletion,
} from "@drift-guard/guard/linked-role/deletion";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { defaultDeletionFile, openDeletionFile } from "./deletion-file.ts";
import { type DeletionOutcome, formatOutcome, judgeOutcome } from "./deletion-outcome.ts";
import { formatDeletion } from "./progress.ts";
import { chooseRegions, type LinkedRoleSession, openLinkedRoleSession, regionOptions } from "./session.ts";

/** `slr delete`: asks IAM to delete the role, and follows the deletion to its end. */
export async function deleteRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = parseCommandLine(args, {
    ...regionOptions,
    yes: { type: "boolean", default: false },
    "even-if-used": { type: "boolean", default: false },
    state: { type: "string" },
    every: { type: "string", default: "5" },
    for: { type: "string", default: "600" },
  });
  const schedule = {
    intervalSeconds: readSeconds("--every", values.every),
    timeoutSeconds: readSeconds("--for", values.for),
  };
  if (!values.yes) {
    throw new UsageError(
      "Nothing was changed. This asks IAM to delete a service-linked role, and only making it again undoes that. See first what has to go before it: drift-guard slr delete-plan. Then: drift-guard slr delete --yes.",
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
  const say = async (text: string) => {
    if (!values.json) await terminal.print(...wrap(text, terminal.columns));
  };
  const ending = await carryOut(session, regions, ports, schedule, values["even-if-used"], say);
  if (values.json) await terminal.print(JSON.stringify(ending, undefined, 2));
  else await terminal.print(...formatOutcome(ending, terminal));
  return ending.exitCode;
}

type Say = (text: string) => Promise<void>;

async function carryOut(
  session: LinkedRoleSession,
  regions: readonly string[],
  ports: DeletionPorts,
  schedule: PollingSchedule,
  evenIfUsed: boolean,
  say: Say,
): Promise<DeletionOutcome> {
  const { role, account, reader } = session;
  const key: RoleKey = { account, name: role.name };
  const known = await ports.memory.load(key);
  if (known && !hasEnded(known.last)) {
    await say("A deletion that was asked for earlier has not ended; it is followed.");
    const ending = await follow(known, session, regions, ports, schedule, say);
    // IAM does not keep tasks for ever: where the role is still there, it is asked again.
    if (ending.outcome !== "unknown") return ending;
  }
  const looks = await session.scanRegions(regions);
  const refusal = refuse(await reader.read(role.name), looks, evenIfUsed, session);
  if (refusal) return refusal;
  for (const look of looks) {
    if (look.status === "unread") {
      await say(
        `${sanitise(look.region, 40)} could not be read; what uses the role there makes the deletion fail. ${sanitise(look.why, 600)}`,
      );
    }
  }
  const deletion = await submitDeletion(key, ports);
  await say(`IAM took the deletion of ${role.name}.`);
  return follow(deletion, session, regions, ports, schedule, say);
}

async function follow(
  deletion: Deletion,
  session: LinkedRoleSession,
  regions: readonly string[],
  ports: DeletionPorts,
  schedule: PollingSchedule,
  say: Say,
): Promise<DeletionOutcome> {
  let told = "";
  let last: Parameters<typeof judgeOutcome>[0] = { kind: "seen", deletion };
  for await (const look of followDeletion(deletion, ports, schedule)) {
    last = look;
    const text = formatDeletion(look);
    // A person wants to hear what is new, not that nothing is.
    if (text !== told) await say(text);
    told = text;
  }
  const { role, reader } = session;
  const failed = last.kind === "seen" && last.deletion.last.status === "FAILED";
  const [reading, looks] = await Promise.all([
    reader.read(role.name),
    failed ? session.scanRegions(regions) : [],
  ]);
  return judgeOutcome(last, reading, looks, session);
}

/** Why IAM is not asked at all; undefined where it is. */
function refuse(
  reading: Parameters<typeof judgeLinkedRole>[1],
  looks: readonly RegionLook[],
  evenIfUsed: boolean,
  { role, account }: LinkedRoleSession,
): DeletionOutcome | undefined {
  const base = { role: role.name, account, outcome: "not submitted" as const };
  switch (judgeLinkedRole(role, reading, looks)) {
    case "absent":
    case "wanted":
      return { ...base, exitCode: 0, why: `${role.name} is not there: there is nothing to delete.` };
    case "look-alike":
      return {
        ...base,
        exitCode: 1,
        why: `${role.name} stands at another path, and is no service-linked role: it is for whoever made it to delete, as any other role. Nothing was changed.`,
      };
    case "present":
    case "unused": {
      const users = environmentsOf(looks);
      if (users.length === 0 || evenIfUsed) return undefined;
      const named = users
        .slice(0, 10)
        .map(({ name, region }) => `${sanitise(name, 140)} in ${sanitise(region, 40)}`);
      return {
        ...base,
        exitCode: 1,
        why: `Nothing was changed: ${formatUserCount(users.length, role.usedBy)} ${role.name}, and would be left INVALID without it: ${named.join(", ")}${users.length > 10 ? ", …" : ""}. drift-guard slr delete-plan tells how they go. With --even-if-used IAM is asked all the same: it refuses while the role is in use.`,
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
