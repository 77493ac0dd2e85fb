import { writeAcceptedDrift } from "@drift-guard/core/config/accepted-drift";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Grant } from "@drift-guard/core/model/grant";
import { digestEvidence, serialiseGrants } from "@drift-guard/core/model/identity";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import { jsonBytes } from "@drift-guard/core/model/json-size";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { isSamePrincipal } from "@drift-guard/core/rollback/pause";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { parseAskedRole } from "../account-check.ts";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { chooseFinding } from "../finding-choice.ts";
import type { Terminal } from "../terminal.ts";
import { readEnd } from "./duration.ts";
import { requireReason } from "./pauses.ts";
import { reportAnswer } from "./report.ts";
import { type AnswerSession, answerOptions, openAnswerSession } from "./session.ts";

/** `findings suppress`: accepts one finding, with exactly its present evidence, until a time. */
export async function suppressFinding(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("findings suppress", args, {
    ...answerOptions,
    for: { type: "string", value: "a TIME", default: "30d" },
    "as-code": { type: "boolean", default: false },
    owner: { type: "string", value: "a NAME" },
  });
  const reason = requireReason("findings suppress", values.reason);
  const expires = readEnd(values.for, new Date());
  const session = await openAnswerSession(values, terminal.input);
  try {
    const finding = await findFinding("findings suppress", positionals, session);
    const covers = await listAccepted(finding, session);
    if (values["as-code"]) {
      await terminal.print(printAsCode(finding, { owner: values.owner, reason, expires }));
      return 0;
    }
    const outcome = await session.answer({ verb: "suppress", ...decided(finding), covers, expires, reason });
    if (outcome.status === "recorded" && isByAuthor(finding, outcome.by)) {
      const none = `${sanitise(outcome.by, 300)} made the change behind the finding ${finding.id} of ${sanitise(finding.role.name)}, so that the exception does not count. Another person must accept it.`;
      return await reportAnswer("suppress", none, outcome, session, { json: values.json, terminal });
    }
    const what = `The finding ${finding.id} of ${sanitise(finding.role.name)} is accepted until ${expires}. ${covers === undefined ? "It is reported again if it changes." : "Anything beyond it is reported."}${session.announces ? "" : " The finding is listed as suppressed from the next read of the role on."}`;
    return await reportAnswer("suppress", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

/** `findings reopen`: ends the exception of one finding now. */
export async function reopenFinding(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("findings reopen", args, answerOptions);
  const session = await openAnswerSession(values, terminal.input);
  try {
    const finding = await findFinding("findings reopen", positionals, session);
    const { reason } = values;
    const role = finding.role.name;
    const outcome = await session.answer({ verb: "reopen", role, finding: finding.id, reason });
    const what = `The exception of the finding ${finding.id} of ${sanitise(role)} has ended. The finding opens at the next read of the role, if it still holds.`;
    return await reportAnswer("reopen", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

/** `findings evaluate`: has a deployed guard read and evaluate a role now. */
export async function evaluateRole(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("findings evaluate", args, answerOptions);
  const [asked, ...others] = positionals;
  if (asked === undefined || others.length > 0) throw new UsageError("findings evaluate takes one role.");
  if (values.stage === undefined) {
    throw new UsageError(
      "findings evaluate asks a deployed guard: name it with --stage NAME. To evaluate a role here, use drift-guard check.",
    );
  }
  const { name } = parseAskedRole(asked);
  const session = await openAnswerSession(values, terminal.input);
  try {
    const outcome = await session.answer({ verb: "evaluate", role: name, reason: values.reason });
    const what = `The guard reads ${sanitise(name)} now, if it watches the role. This shows the result, some seconds later:`;
    const next = `npx drift-guard findings list --role ${quoteArgument(name)} --stage ${quoteArgument(values.stage)}`;
    return await reportAnswer("evaluate", what, outcome, session, { json: values.json, terminal, next });
  } finally {
    session.close();
  }
}

/** `close`: says that a foreign call with the guard's credentials was dealt with. */
export async function closeFinding(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("close", args, answerOptions);
  const reason = requireReason("close", values.reason);
  const session = await openAnswerSession(values, terminal.input);
  try {
    const finding = await findFinding("close", positionals, session);
    if (finding.evidence.kind !== "impersonation") {
      throw new UsageError(
        `close is for calls with the guard's credentials that were not its own. ${finding.id} resolves when the role is as it should be; suppress accepts it.`,
      );
    }
    const outcome = await session.answer({ verb: "close", ...decided(finding), reason });
    const what = `The finding ${finding.id} of ${sanitise(finding.role.name)} is closed. Another such call opens it again.`;
    return await reportAnswer("close", what, outcome, session, { json: values.json, terminal });
  } finally {
    session.close();
  }
}

function isByAuthor({ causedBy }: Finding, by: string): boolean {
  return causedBy !== undefined && isSamePrincipal(causedBy, by);
}

function decided({ id, role, evidence }: Finding) {
  return { role: role.name, finding: id, evidence: digestEvidence(evidence) };
}

/** Returns an exception for the configuration as JSON. Throws `UsageError` for a finding that it cannot hold. */
function printAsCode(
  { role, evidence }: Finding,
  {
    owner,
    ...decision
  }: { readonly owner: string | undefined; readonly reason: string; readonly expires: Instant },
): string {
  if (owner === undefined)
    throw new UsageError("--as-code needs --owner NAME: who answers for the exception.");
  if (evidence.kind !== "drift" || evidence.omitted) {
    throw new UsageError("Only a drift that is stored whole can be accepted in the configuration.");
  }
  return JSON.stringify(writeAcceptedDrift({ ...evidence, role }, { ...decision, owner }), undefined, 2);
}

// Larger ones are accepted as they are, by their digest (core/respond/answer.ts, core/model/evidence-limit.ts).
const maxAccepted = 150_000;

/** Returns the grants of a drift, with those that were accepted before; undefined where its digest alone is accepted. */
async function listAccepted(finding: Finding, { stores }: AnswerSession) {
  const { id, role, evidence } = finding;
  if (evidence.kind !== "drift" || evidence.omitted) return undefined;
  const now = instantOf(new Date());
  const authors = finding.causedBy === undefined ? [] : [{ findingId: id, actor: finding.causedBy }];
  // What the drift's own actor accepted does not count, and must not come in with another person's answer.
  const counted = listCountedExceptions(await stores.control.load(role), { exceptions: [] }, authors);
  const before = counted.filter(({ findingId, expires }) => findingId === id && isBefore(now, expires));
  const { detail } = evidence;
  const covers = {
    grants: dropRepeated([...before.flatMap(({ grants = [] }) => grants), ...evidence.grants]),
    denies: dropRepeated([...before.flatMap(({ denies = [] }) => denies), ...evidence.denies]),
    ...(detail !== undefined && { detail }),
  };
  return jsonBytes(covers) > maxAccepted ? undefined : covers;
}

function dropRepeated(grants: readonly Grant[]): readonly Grant[] {
  return [...new Map(grants.map((grant) => [serialiseGrants([grant]).join(), grant])).values()];
}

async function findFinding(
  command: string,
  positionals: readonly string[],
  { stores, account }: AnswerSession,
): Promise<Finding> {
  const [id, ...others] = positionals;
  if (id === undefined || others.length > 0) throw new UsageError(`${command} takes the id of one finding.`);
  const findings: Finding[] = [];
  for await (const finding of stores.findings.listFindings()) {
    if (finding.role.account === account) findings.push(finding);
  }
  return chooseFinding(id, findings);
}
