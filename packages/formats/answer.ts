import { stageOf } from "@drift-guard/core/config/deployment";
import { parseArn } from "@drift-guard/core/model/arn";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Severity } from "@drift-guard/core/model/severity";
import type { Answer } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";
import { chatLimits } from "./chat.ts";
import { formatProse, joinWithin } from "./chat-text.ts";
import { describeEvidence } from "./evidence.ts";
import { formatGrants } from "./grants.ts";
import { cutMiddle, defang, sanitise, sanitiseAscii } from "./printable.ts";
import { formatStep, quoteArgument } from "./steps.ts";

/** An answer that counts, and who gave it when. */
export interface AnswerNotice {
  readonly answer: Answer;
  readonly person: Pick<Person, "arn">;
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** 12 digits. */
  readonly account: string;
  /** The drifts that the undoing of a rollback accepts, the worst first; none for other answers. */
  readonly undone: readonly { readonly severity: Severity; readonly evidence: Drift }[];
}

/**
 * Returns the subject and body of the message that tells people of an answer: what was decided, about what, by whom, its end,
 * and what to run if it is not intended. The subject has fewer than 100 characters of printable ASCII. No text from outside is a
 * link.
 */
export function formatAnswerText(notice: AnswerNotice): { readonly subject: string; readonly body: string } {
  const { answer, person, at, account } = notice;
  const end = endOf(answer);
  const findings = listFindings(answer);
  const facts = [
    `${describeAnswer(notice)}.`,
    "",
    ...listDetails(notice),
    ...listShort(findings, maxFindings).map((id) => `Finding  ${id}`),
    `By       ${sanitise(person.arn, 300)}`,
    `At       ${at}`,
    ...(end === undefined ? [] : [`Until    ${end}`]),
    ...(answer.reason === undefined ? [] : [`Reason   ${sanitise(answer.reason, 500)}`]),
    `Account  ${sanitise(account)}`,
    "",
  ];
  // A command stays as it is, to be pasted.
  const lines = [...facts.map(defang), ...adviseAgainst(answer)];
  const subject = `drift-guard: ${cutMiddle(defang(describeAnswer(notice)), 86)}`;
  return { subject: sanitiseAscii(subject, 99), body: `${lines.join("\n")}\n` };
}

/** Returns the same as JSON in the schema of Amazon Q Developer in chat applications (docs/aws-facts.md, "SNS and chat"). */
export function formatAnswerChat(notice: AnswerNotice): string {
  const { answer } = notice;
  const { body } = formatAnswerText(notice);
  const title = formatProse(describeAnswer(notice), chatLimits.title);
  const lines = body.trimEnd().split("\n");
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    id: answer.id,
    content: {
      textType: "client-markdown",
      title,
      // In a block of code, no text of a person is markup.
      description: `\`\`\`\n${joinWithin(
        lines.map((line) => line.replaceAll("`", "'")),
        chatLimits.description - 10,
      )}\n\`\`\``,
    },
    metadata: {
      threadId: "finding" in answer ? answer.finding : answer.id,
      summary: title,
      eventType: `drift-guard.answer.${answer.verb}`,
    },
  });
}

/** Returns what a person decided, as the beginning of a sentence. */
export function describeAnswer({ answer, undone }: Pick<AnswerNotice, "answer" | "undone">): string {
  const of = (role: string | undefined) => (role === undefined ? "in the account" : `of ${sanitise(role)}`);
  switch (answer.verb) {
    case "approve":
      return `A rollback ${of(answer.role)} was approved: ${answer.plan.steps.length === 1 ? "one step" : `${answer.plan.steps.length} steps`}`;
    case "undo": {
      const [worst] = undone;
      const drift = worst === undefined ? "its drift" : `${worst.severity} drift`;
      return `A rollback ${of(answer.role)} is undone, and ${drift} accepted`;
    }
    case "suppress":
      return `A finding ${of(answer.role)} was suppressed`;
    case "reopen":
      return `The exception of a finding ${of(answer.role)} has ended`;
    case "evaluate":
      return `The role ${sanitise(answer.role)} is read now`;
    case "pause":
      return `Rollbacks ${of(answer.role)} are paused until ${answer.until}`;
    case "resume":
      return `Rollbacks ${of(answer.role)} go on`;
    case "enable":
      return "Rollback is enabled: drift is rolled back from now on, as the configuration says";
    case "reset":
      return `The attempts on ${answer.findings.length === 1 ? "a finding" : `${answer.findings.length} findings`} ${of(answer.role)} are counted anew`;
    case "close":
      return `A call with the guard's credentials on ${sanitise(answer.role)} was closed as dealt with`;
  }
}

// More is noise, and SNS takes 256 KB.
const maxDetails = 10;
const maxFindings = 5;

/** What the answer allows: the steps that it approves, or the drifts that it accepts. */
function listDetails({ answer, undone }: AnswerNotice): readonly string[] {
  switch (answer.verb) {
    case "approve":
      return listShort(
        answer.plan.steps.map((step) => formatStep(step)),
        maxDetails,
      ).map((step) => `Step     ${sanitise(step, 500)}`);
    case "undo":
      return [
        `Rollback ${sanitise(answer.rollback, 100)}`,
        ...listShort(
          undone.map(
            ({ severity, evidence }) => `${severity} ${describeEvidence(evidence, answer.role).title}`,
          ),
          maxDetails,
        ).map((drift) => `Accepts  ${sanitise(drift, 500)}`),
      ];
    case "suppress":
      return formatGrants(answer.covers?.grants ?? [], maxDetails).map(
        (line) => `Accepts  ${sanitise(line, 500)}`,
      );
    case "reopen":
    case "evaluate":
    case "pause":
    case "resume":
    case "enable":
    case "reset":
    case "close":
      return [];
  }
}

function listFindings(answer: Answer): readonly string[] {
  if ("finding" in answer) return [answer.finding];
  if ("findings" in answer) return answer.findings;
  return "accepts" in answer ? answer.accepts.map(({ finding }) => finding) : [];
}

function listShort(lines: readonly string[], most: number): readonly string[] {
  const more = lines.length - most;
  return more > 0 ? [...lines.slice(0, most), `and ${more} more`] : lines;
}

function endOf(answer: Answer): string | undefined {
  if ("expires" in answer) return answer.expires;
  return "until" in answer ? answer.until : undefined;
}

/** What to do if the answer is not intended. A command has a line of its own, so that nothing breaks it. */
function adviseAgainst(answer: Answer): readonly string[] {
  const command = (why: string, words: readonly string[]) => {
    const stage = stageOfDeployment(answer.deployment);
    const place = stage === undefined ? [] : ["--stage", stage];
    return [why, ["npx", "drift-guard", ...words, ...place].map(quoteArgument).join(" ")];
  };
  const role =
    "role" in answer && answer.role !== undefined ? [formatRole(answer.role, answer.deployment)] : [];
  switch (answer.verb) {
    case "pause":
      return command("If this is not intended, end the pause:", ["rollback", "resume", ...role]);
    case "approve":
      return command(
        "If this is not intended, see whether it was carried out, and then undo it by rollback undo:",
        ["rollback", "status", ...role],
      );
    case "suppress":
      return command("If this is not intended, end the exception:", ["findings", "reopen", answer.finding]);
    case "enable":
      return command("If this is not intended, pause rollbacks:", [
        "rollback",
        "pause",
        "--reason",
        "not enabled yet",
      ]);
    case "undo":
    case "reopen":
    case "evaluate":
    case "resume":
    case "reset":
    case "close":
      return ["If this is not intended, find out who used these credentials, and revoke them."];
  }
}

// A name that begins with a hyphen would be taken for an option, and the commands take an ARN too.
function formatRole(name: string, deployment: string): string {
  const { partition, account } = parseArn(deployment) ?? {};
  if (!name.startsWith("-") || partition === undefined) return name;
  return `arn:${partition}:iam::${account}:role/${name}`;
}

function stageOfDeployment(functionArn: string): string | undefined {
  const [, name] = /^function:([^:]+)$/.exec(parseArn(functionArn)?.resource ?? "") ?? [];
  return name === undefined ? undefined : stageOf(name, "respond");
}
