import { setTimeout as sleep } from "node:timers/promises";
import { environmentsOf, judgeLinkedRole, type RegionLook } from "@drift-guard/core/linked-role/standing";
import { type Deletion, hasEnded } from "@drift-guard/core/model/deletion";
import type { RoleKey } from "@drift-guard/core/model/role";
import { plain } from "@drift-guard/formats/plain";
import {
  type DeletionPorts,
  followDeletion,
  type Patience,
  submitDeletion,
} from "@drift-guard/guard/linked-role/deletion";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { type Ending, judgeEnding, printEnding } from "./deletion-ending.ts";
import { openDeletionFile, usualDeletionFile } from "./deletion-file.ts";
import { tellDeletion } from "./progress.ts";
import { chooseRegions, openSurroundings, regionOptions, type Surroundings } from "./surroundings.ts";

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
  const patience = {
    everySeconds: readSeconds("--every", values.every),
    forSeconds: readSeconds("--for", values.for),
  };
  if (!values.yes) {
    throw new UsageError(
      "Nothing was changed. This asks IAM to delete a service-linked role, and only making it again undoes that. See first what has to go before it: drift-guard slr delete-plan. Then: drift-guard slr delete --yes.",
    );
  }
  const surroundings = await openSurroundings(values.role);
  const regions = await chooseRegions(values, surroundings);
  const ports: DeletionPorts = {
    keeper: surroundings.keeper,
    memory: openDeletionFile(values.state ?? usualDeletionFile(process.env)),
    now: () => new Date(),
    pause: (seconds) => sleep(seconds * 1000),
  };
  const say = async (text: string) => {
    if (!values.json) await terminal.print(...wrap(text, terminal.columns));
  };
  const ending = await carryOut(surroundings, regions, ports, patience, values["even-if-used"], say);
  if (values.json) await terminal.print(JSON.stringify(ending, undefined, 2));
  else await terminal.print(...printEnding(ending, terminal));
  return ending.exitCode;
}

type Say = (text: string) => Promise<void>;

async function carryOut(
  surroundings: Surroundings,
  regions: readonly string[],
  ports: DeletionPorts,
  patience: Patience,
  evenIfUsed: boolean,
  say: Say,
): Promise<Ending> {
  const { role, account, reader } = surroundings;
  const key: RoleKey = { account, name: role.name };
  const known = await ports.memory.load(key);
  if (known && !hasEnded(known.last)) {
    await say("A deletion that was asked for earlier has not ended; it is followed.");
    const ending = await follow(known, surroundings, regions, ports, patience, say);
    // IAM does not keep tasks for ever: where the role is still there, it is asked again.
    if (ending.outcome !== "unknown") return ending;
  }
  const looks = await surroundings.look(regions);
  const refusal = refuse(await reader.read(role.name), looks, evenIfUsed, surroundings);
  if (refusal) return refusal;
  for (const look of looks) {
    if (look.status === "unread") {
      await say(
        `${plain(look.region, 40)} could not be read; what uses the role there makes the deletion fail. ${plain(look.why, 600)}`,
      );
    }
  }
  const deletion = await submitDeletion(key, ports);
  await say(`IAM took the deletion of ${role.name}.`);
  return follow(deletion, surroundings, regions, ports, patience, say);
}

async function follow(
  deletion: Deletion,
  surroundings: Surroundings,
  regions: readonly string[],
  ports: DeletionPorts,
  patience: Patience,
  say: Say,
): Promise<Ending> {
  let told = "";
  let last: Parameters<typeof judgeEnding>[0] = { kind: "seen", deletion };
  for await (const look of followDeletion(deletion, ports, patience)) {
    last = look;
    const text = tellDeletion(look);
    // A person wants to hear what is new, not that nothing is.
    if (text !== told) await say(text);
    told = text;
  }
  const { role, reader } = surroundings;
  const failed = last.kind === "seen" && last.deletion.last.status === "FAILED";
  const [reading, looks] = await Promise.all([
    reader.read(role.name),
    failed ? surroundings.look(regions) : [],
  ]);
  return judgeEnding(last, reading, looks, surroundings);
}

/** Why IAM is not asked at all; undefined where it is. */
function refuse(
  reading: Parameters<typeof judgeLinkedRole>[1],
  looks: readonly RegionLook[],
  evenIfUsed: boolean,
  { role, account }: Surroundings,
): Ending | undefined {
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
        .map(({ name, region }) => `${plain(name, 140)} in ${plain(region, 40)}`);
      return {
        ...base,
        exitCode: 1,
        why: `Nothing was changed: ${tellCount(users.length, role.usedBy)} ${role.name}, and would be left INVALID without it: ${named.join(", ")}${users.length > 10 ? ", …" : ""}. drift-guard slr delete-plan tells how they go. With --even-if-used IAM is asked all the same: it refuses while the role is in use.`,
      };
    }
  }
}

function tellCount(count: number, many: string): string {
  return count === 1 ? `1 ${many.replace(/s$/, "")} uses` : `${count} ${many} use`;
}

function readSeconds(option: string, text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds) && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new UsageError(`${option} takes seconds from 0 to 86400, not ${plain(text, 40)}.`);
}
