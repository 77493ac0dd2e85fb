import type { Finding } from "@drift-guard/core/model/finding";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { sanitise } from "@drift-guard/formats/printable";
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
  });
  const reason = requireReason("findings suppress", values.reason);
  const expires = readEnd(values.for, new Date());
  const session = await openAnswerSession(values, terminal.input);
  try {
    const finding = await findFinding("findings suppress", positionals, session);
    const outcome = await session.answer({ verb: "suppress", ...decided(finding), expires, reason });
    const what = `The finding ${finding.id} of ${sanitise(finding.role.name)} is accepted until ${expires}, as long as it does not change.`;
    return await reportAnswer("suppress", what, outcome, session, { json: values.json, terminal });
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

function decided({ id, role, evidence }: Finding) {
  return { role: role.name, finding: id, evidence: digestEvidence(evidence) };
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
