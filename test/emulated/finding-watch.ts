import { isDeepStrictEqual } from "node:util";
import { ConditionalCheckFailedException, DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { AwsSecurityFinding } from "@aws-sdk/client-securityhub";
import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import type { Finding } from "@drift-guard/core/model/finding";
import { hubIdOf } from "@drift-guard/core/model/hub";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import { findingKeys } from "@drift-guard/core/store/keys";
import { clientSettings } from "@drift-guard/local/client";
import { localAccountId } from "@drift-guard/local/emulators/emulators";
import { toldIn } from "../functions/subscriber.ts";
import { type GuardedAccount, until } from "./account.ts";

/** Compares what people and Security Hub know of findings with the table, while the trail's records arrive in disorder. */
export interface FindingWatch {
  /**
   * Waits until `holds` for the finding that `isMeant` chooses, and people and Security Hub know exactly what the table holds.
   * `kinds` are those of its transitions, without those that only tell of rollback or of the author. Returns the finding.
   */
  untilAgreed(
    what: string,
    isMeant: (finding: Finding) => boolean,
    holds: (finding: Finding, kinds: readonly string[]) => boolean,
  ): Promise<Finding>;
  /** Loses the next record of a call. */
  loseNext(eventName: string): void;
  inHub(findingId: string): Promise<AwsSecurityFinding | undefined>;
  /** Delivers what is late, and later records at once. */
  end(): Promise<void>;
}

/** What people and Security Hub know, and what the table holds. */
interface Seen {
  readonly findings: readonly Finding[];
  readonly histories: readonly (readonly Transition[])[];
  readonly known: Knowledge;
  readonly expected: Knowledge;
}

interface Knowledge {
  /** Ids of the transitions that people were told, each as often as in messages with different ids. */
  readonly told: readonly string[];
  /** By finding id. */
  readonly hub: object;
}

const asides: ReadonlySet<string> = new Set(["refused", "attributed", "sessions-found", "approved"]);

// A transition waits two seconds for a joint message. A finding is resolved after two reads, of which the second waits five.
const patienceMs = { delivery: 3_000, other: 12_000 };

/** Begins to watch the findings that `isWatched` chooses, and to disturb the delivery of the account's records. */
export function watchFindings(
  account: GuardedAccount,
  isWatched: (finding: Finding) => boolean,
  dice: () => number,
): FindingWatch {
  const { local, store } = account;
  const dynamodb = new DynamoDBClient(clientSettings(local.endpoint));
  let late: readonly CloudTrailRecord[] = [];
  let lost: string | undefined;

  function deliver(): Promise<void> {
    const delivery = local.recorder.release((records) => {
      const due = [...late, ...records].filter(({ eventName }) => {
        const isLost = eventName === lost;
        if (isLost) lost = undefined;
        return !isLost;
      });
      late = due.filter(() => dice() < 0.3);
      const copies = due
        .filter((record) => !late.includes(record))
        .flatMap((record) => (dice() < 0.4 ? [record, record] : [record]));
      return copies
        .map((record) => ({ record, place: dice() }))
        .toSorted((one, other) => one.place - other.place)
        .map(({ record }) => record);
    });
    local.recorder.hold();
    return delivery;
  }

  async function listUndelivered(): Promise<readonly Transition[]> {
    const undelivered: Transition[] = [];
    for await (const transition of store.undelivered("2100-01-01T00:00:00Z", () => {})) {
      if (isWatched(transition.finding)) undelivered.push(transition);
    }
    return undelivered;
  }

  async function look(): Promise<Seen> {
    const findings = (await account.findings()).filter(isWatched);
    const histories = await Promise.all(findings.map(({ role, id }) => store.history(role, id)));
    const ids = new Set(findings.map(({ id }) => id));
    // A message has one id, which follows from the transitions that it tells: these stand for it here.
    const heard = new Map(account.messages().map((text) => [toldIn(text).join(), toldIn(text)]));
    const told = [...heard.values()].flat();
    // A refusal is no news where the message before it said what the rollback waits for.
    const isTold = ({ id, kind }: Transition) =>
      kind !== "improved" && (kind !== "refused" || told.includes(id));
    const inHub = new Map((await account.hubFindings()).map((finding) => [finding.Id, finding]));
    const known = {
      told: told.filter((id) => ids.has(id.split("#")[0] ?? "")).toSorted(),
      hub: Object.fromEntries(findings.map(({ id }) => [id, viewOf(inHub.get(hubIdOf(localAccountId, id)))])),
    };
    const expected = {
      told: histories.flatMap((history) => history.filter(isTold).map(({ id }) => id)).toSorted(),
      hub: Object.fromEntries(
        findings.map(({ id, seq, state, severity }) => [
          id,
          {
            record: state === "open" ? "ACTIVE" : "ARCHIVED",
            compliance: state === "resolved" ? "PASSED" : "FAILED",
            transition: `${id}#${seq}`,
            severity,
          },
        ]),
      ),
    };
    return { findings, histories, known, expected };
  }

  /** Moves the time of undelivered transitions into the past, so that a sweep announces them again, and sweeps. */
  async function sweepLater(undelivered: readonly Transition[]): Promise<void> {
    for (const { finding } of undelivered) {
      await dynamodb
        .send(
          new UpdateItemCommand({
            TableName: local.deployment.outputs.Findings,
            Key: {
              pk: { S: findingKeys.partition(finding.role) },
              sk: { S: findingKeys.transition(finding.id, finding.seq) },
            },
            UpdateExpression: "SET dueAt = :past",
            ConditionExpression: "attribute_exists(due)",
            ExpressionAttributeValues: { ":past": { S: instantOf(new Date(Date.now() - 3_600_000)) } },
          }),
        )
        .catch((error: unknown) => {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
        });
    }
    await account.sweep();
  }

  local.recorder.hold();
  return {
    async untilAgreed(what, isMeant, holds) {
      let last = "";
      let since = Date.now();
      const found = await until(
        `${what}, and people and Security Hub to know it`,
        async () => {
          await deliver();
          const undelivered = await listUndelivered();
          const seen = undelivered.length === 0 ? await look() : undefined;
          const shown = {
            undelivered: undelivered.map(({ id }) => id),
            kinds: seen?.histories.flat().map(({ kind, id }) => `${kind} ${id}`),
            known: seen?.known,
            expected: seen?.expected,
          };
          const now = JSON.stringify(shown);
          if (now !== last) since = Date.now();
          last = now;
          // Whatever lasts longer has failed, and waits for the next sweep.
          if (Date.now() - since > (seen ? patienceMs.other : patienceMs.delivery)) {
            await sweepLater(undelivered);
            since = Date.now();
          }
          return { finding: seen && choose(seen), ...shown };
        },
        ({ finding }) => finding !== undefined,
        120,
      );
      if (!found.finding) throw new Error(`There is no finding for ${what}.`);
      return found.finding;

      function choose({ findings, histories, known, expected }: Seen): Finding | undefined {
        const index = findings.findIndex(isMeant);
        const finding = findings[index];
        const kinds = (histories[index] ?? []).map(({ kind }) => kind).filter((kind) => !asides.has(kind));
        if (!finding || !holds(finding, kinds) || !isDeepStrictEqual(known, expected)) return undefined;
        return finding;
      }
    },
    loseNext: (eventName) => {
      lost = eventName;
    },
    inHub: async (id) => (await account.hubFindings()).find(({ Id }) => Id === hubIdOf(localAccountId, id)),
    async end() {
      await local.recorder.release((records) => [...late, ...records]);
    },
  };
}

function viewOf(finding: AwsSecurityFinding | undefined): object | undefined {
  return (
    finding && {
      record: finding.RecordState,
      compliance: finding.Compliance?.Status,
      transition: finding.ProductFields?.["drift-guard/TransitionId"],
      severity: finding.FindingProviderFields?.Severity?.Label,
    }
  );
}
