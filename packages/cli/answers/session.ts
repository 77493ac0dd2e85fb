import { userInfo } from "node:os";
import type { Readable } from "node:stream";
import { locateDeployment } from "@drift-guard/core/config/deployment";
import { Answer } from "@drift-guard/core/respond/answer";
import { type AnswerOutcome, respond } from "@drift-guard/guard/respond/respond";
import { UsageError } from "../command.ts";
import {
  type GuardChoice,
  type GuardStores,
  guardOptions,
  openRollbackSession,
  type RollbackSession,
} from "../rollback/session.ts";
import { invokeRespond } from "./delivery.ts";

/** The options of every answer. */
export const answerOptions = {
  ...guardOptions,
  reason: { type: "string", value: "a TEXT" },
} as const;

/** The guard that is answered, and what it stores. */
export interface AnswerSession extends RollbackSession {
  readonly stores: GuardStores;
  /** Whether people are told of answers: an embedded guard has no topic. */
  readonly announces: boolean;
  /**
   * Gives the guard an answer: signed, to the function of a deployment, or recorded in the file of an embedded guard as the
   * local user. `fields` are those of the verb. Throws `UsageError` for an answer that no guard takes.
   */
  answer(
    fields: Readonly<Record<string, unknown>> & { readonly verb: Answer["verb"] },
  ): Promise<AnswerOutcome>;
}

/** Opens the guard that is to be answered. Throws `UsageError` if none is named, and what `openRollbackSession` throws. */
export async function openAnswerSession(choice: GuardChoice, input: Readable): Promise<AnswerSession> {
  const { stage, findings } = choice;
  if (stage === undefined && findings === undefined) {
    throw new UsageError("Name the guard that is to be answered: --stage NAME, or --findings FILE.");
  }
  const session = await openRollbackSession(choice, input);
  const { stores } = session;
  if (!stores) throw new UsageError("The guard that is to be answered stores nothing.");
  return {
    ...session,
    stores,
    announces: stage !== undefined,
    answer: (fields) =>
      stage === undefined ? answerFile(fields, findings ?? "", session) : answerStage(fields, stage, session),
  };
}

async function answerStage(
  fields: Readonly<Record<string, unknown>>,
  stage: string,
  { config, settings }: RollbackSession,
): Promise<AnswerOutcome> {
  const { account, partition } = settings;
  const place = { stage, region: config.regions.guard, account, partition };
  const deployment = locateDeployment(place).respond;
  return invokeRespond(createAnswer(fields, deployment), place);
}

async function answerFile(
  fields: Readonly<Record<string, unknown>>,
  file: string,
  { settings }: RollbackSession,
): Promise<AnswerOutcome> {
  const [{ openDatabase }, { createControlStore }] = await Promise.all([
    import("@drift-guard/embedded/sqlite/database"),
    import("@drift-guard/embedded/sqlite/control"),
  ]);
  const database = openDatabase(file);
  const name = `local user ${userInfo().username}`;
  try {
    const outcome = await respond(
      createAnswer(fields, file),
      { arn: name, principal: name },
      {
        control: createControlStore(database),
        // The program that runs the embedded guard reads its roles and reports by itself.
        rechecks: { schedule: async () => {} },
        tell: async () => {},
        now: () => new Date(),
      },
      settings,
    );
    const untold = "Nobody else is told of it: an embedded guard has no topic.";
    return outcome.status === "recorded" ? { ...outcome, warnings: [...outcome.warnings, untold] } : outcome;
  } finally {
    database.close();
  }
}

function createAnswer(fields: Readonly<Record<string, unknown>>, deployment: string): Answer {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const parsed = Answer.safeParse({ ...given, deployment, id: crypto.randomUUID() });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`The answer cannot be given: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`);
}
