import { sanitise } from "@drift-guard/formats/printable";
import { parseAskedRole } from "../account-check.ts";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { findSubject } from "../rollback/subject.ts";
import type { Terminal } from "../terminal.ts";
import { readEnd } from "./duration.ts";
import { reportAnswer } from "./report.ts";
import { answerOptions, openAnswerSession } from "./session.ts";

/** `rollback pause`: nothing is rolled back for a time, of one role or in the account. */
export async function pauseRollbacks(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback pause", args, {
    ...answerOptions,
    for: { type: "string", value: "a TIME", default: "24h" },
  });
  const role = readRole("rollback pause", positionals);
  const reason = requireReason("rollback pause", values.reason);
  const until = readEnd(values.for, new Date());
  const session = await openAnswerSession(values, terminal.input);
  try {
    const outcome = await session.answer({ verb: "pause", role, until, reason });
    const what = `Rollbacks ${nameScope(role)} are paused until ${until}.${session.announces ? " People are told of it." : ""} The pause does not hold for drift that you caused yourself.`;
    return await reportAnswer("pause", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

/** `rollback resume`: ends a pause of one role, or of the account. */
export async function resumeRollbacks(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback resume", args, answerOptions);
  const role = readRole("rollback resume", positionals);
  const session = await openAnswerSession(values, terminal.input);
  try {
    const outcome = await session.answer({ verb: "resume", role, reason: values.reason });
    const what = `The pause ${nameScope(role)} has ended. Rollbacks go on.`;
    return await reportAnswer("resume", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

/** `rollback enable`: ends the time in which the guard of a new deployment only observes. */
export async function enableRollback(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback enable", args, answerOptions);
  if (positionals.length > 0) {
    throw new UsageError("rollback enable takes no role: it is for the whole account.");
  }
  const session = await openAnswerSession(values, terminal.input);
  try {
    const outcome = await session.answer({ verb: "enable", reason: values.reason });
    const what = `Rollback is enabled: the guard rolls drift back as the configuration says, from now on, and what it finds already.${session.announces ? " People are told of it." : ""}`;
    return await reportAnswer("enable", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

/** `rollback reset`: counts the attempts on one finding, or on all of a role, anew. */
export async function resetAttempts(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback reset", args, answerOptions);
  const [asked, ...others] = positionals;
  if (asked === undefined || others.length > 0) {
    throw new UsageError("rollback reset takes one role, or the id of one finding.");
  }
  const session = await openAnswerSession(values, terminal.input);
  try {
    const { watched, finding } = await findSubject(asked, session);
    const { attempts } = await session.stores.control.load({ account: session.account, name: watched.name });
    const findings = finding ? [finding.id] : attempts.map(({ findingId }) => findingId).slice(0, 200);
    if (findings.length === 0)
      throw new UsageError(`No finding of ${watched.name} was rolled back in the last week.`);
    const outcome = await session.answer({
      verb: "reset",
      role: watched.name,
      findings,
      reason: values.reason,
    });
    const what = `The attempts on ${findings.length === 1 ? "one finding" : `${findings.length} findings`} of ${sanitise(watched.name)} are counted anew.`;
    return await reportAnswer("reset", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

/** Returns the reason of an answer. Throws `UsageError` if it has none. */
export function requireReason(command: string, reason: string | undefined): string {
  if (reason !== undefined && reason.trim() !== "") return reason;
  throw new UsageError(`${command} needs --reason TEXT: people are told of it with the answer.`);
}

function readRole(command: string, positionals: readonly string[]): string | undefined {
  const [asked, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`${command} takes one role, or none for the whole account.`);
  return asked === undefined ? undefined : parseAskedRole(asked).name;
}

function nameScope(role: string | undefined): string {
  return role === undefined ? "in the account" : `of ${sanitise(role)}`;
}
