import { RoleUnreadableError } from "@drift-guard/core/errors";
import { type RoleReading, sameRoleName } from "@drift-guard/core/role";
import type { Transition } from "@drift-guard/core/transition";
import { findUsedWards, listDiscovered, type UsedWard } from "./discovery.ts";
import { listWards } from "./guarded-role.ts";
import { type Inspection, inspectRole } from "./inspect.ts";
import type { GuardSettings, SweepPorts } from "./ports.ts";
import { refreshRegions, type UnreadRegion } from "./usage.ts";

/** What a sweep came to. */
export interface SweepReport {
  readonly inspections: readonly Inspection[];
  /** Transitions that no sink had confirmed, told again. */
  readonly resent: number;
  /** Roles that were not reached before time ran out; the next sweep finds them. */
  readonly left: readonly string[];
  /** Regions whose AWS Batch could not be read: what is known of them is as old as the sweep before. */
  readonly unread: readonly UnreadRegion[];
}

// A sink retries for some minutes by itself; what is unconfirmed after that was lost on the way.
const overdueMinutes = 15;
const announceAtOnce = 100;

/** Looks at every guarded role, and tells again what was not delivered: it finds what no event told. */
export async function sweep(
  ports: SweepPorts,
  settings: GuardSettings,
  signal?: AbortSignal,
): Promise<SweepReport> {
  const resent = await resendOverdue(ports);
  const unread = await refreshRegions(ports, settings);
  const guarded = listWards(settings).map(({ name }) => name);
  const wards = await findUsedWards(
    [...guarded, ...(await listDiscovered(ports, settings))],
    ports,
    settings,
  );
  const inspections: Inspection[] = [];
  const reached = new Set<string>();
  for await (const { ward, reading } of readWards(wards, ports)) {
    if (signal?.aborted) break;
    const occasion = { cause: { kind: "sweep" }, evidence: [], ...(reading && { reading }) } as const;
    const inspection = await inspectRole(ward, occasion, ports, settings);
    if (inspection.recheck) {
      await ports.rechecks.schedule({ recheck: ward.name }, settings.config.recheckSeconds);
    }
    inspections.push(inspection);
    reached.add(ward.name);
  }
  return {
    inspections,
    resent,
    unread,
    left: wards.map(({ name }) => name).filter((name) => !reached.has(name)),
  };
}

interface ReadWard {
  readonly ward: UsedWard;
  readonly reading?: RoleReading;
}

// Where the account's pages cannot be read, each role is read by itself, so that one fault does not hide the others.
async function* readWards(wards: readonly UsedWard[], { roles }: SweepPorts): AsyncIterable<ReadWard> {
  const left = new Map(wards.map((ward) => [ward.name.toLowerCase(), ward]));
  try {
    for await (const reading of roles.readMany(wards.map(({ name }) => name))) {
      const name = reading.status === "present" ? reading.role.name : reading.name;
      const ward = wards.find((each) => sameRoleName(each.name, name));
      if (ward && left.delete(ward.name.toLowerCase())) yield { ward, reading };
    }
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) throw error;
  }
  for (const ward of left.values()) yield { ward };
}

async function resendOverdue({ findings, announcer, now }: SweepPorts): Promise<number> {
  const before = new Date(now().getTime() - overdueMinutes * 60_000).toISOString();
  let batch: Transition[] = [];
  let resent = 0;
  for await (const transition of findings.undelivered(before)) {
    batch.push(transition);
    resent += 1;
    if (batch.length === announceAtOnce) {
      await announcer.announce(batch);
      batch = [];
    }
  }
  if (batch.length > 0) await announcer.announce(batch);
  return resent;
}
