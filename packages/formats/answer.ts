import type { Answer } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";
import { sanitise } from "./printable.ts";

/** An answer that counts, and who gave it when. */
export interface AnswerNotice {
  readonly answer: Answer;
  readonly person: Pick<Person, "arn">;
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** 12 digits. */
  readonly account: string;
}

/** Returns the subject and body of the message that tells people of an answer: what was decided, by whom, and its end. */
export function formatAnswerText(notice: AnswerNotice): { readonly subject: string; readonly body: string } {
  const { answer, person, at, account } = notice;
  const end = endOf(answer);
  const lines = [
    `${describeAnswer(answer)}.`,
    "",
    `By       ${sanitise(person.arn, 300)}`,
    `At       ${at}`,
    ...(end === undefined ? [] : [`Until    ${end}`]),
    ...(answer.reason === undefined ? [] : [`Reason   ${sanitise(answer.reason, 500)}`]),
    `Account  ${sanitise(account)}`,
    "",
    `If this is not intended: ${adviseAgainst(answer)}`,
  ];
  return { subject: `drift-guard: ${describeAnswer(answer)}`, body: `${lines.join("\n")}\n` };
}

/** Returns the same as JSON in the schema of Amazon Q Developer in chat applications (docs/aws-facts.md, "SNS and chat"). */
export function formatAnswerChat(notice: AnswerNotice): string {
  const { answer } = notice;
  const { body } = formatAnswerText(notice);
  return JSON.stringify({
    version: "1.0",
    source: "custom",
    id: answer.id,
    content: {
      textType: "client-markdown",
      title: describeAnswer(answer),
      // In a block of code, no text of a person is markup.
      description: `\`\`\`\n${body.replaceAll("`", "'")}\`\`\``,
    },
    metadata: {
      threadId: "finding" in answer ? answer.finding : answer.id,
      summary: describeAnswer(answer),
      eventType: `drift-guard.answer.${answer.verb}`,
    },
  });
}

/** Returns what a person decided, as the beginning of a sentence. */
export function describeAnswer(answer: Answer): string {
  const of = (role: string | undefined) => (role === undefined ? "in the account" : `of ${sanitise(role)}`);
  switch (answer.verb) {
    case "approve":
      return `A rollback ${of(answer.role)} was approved: ${answer.plan.steps.length === 1 ? "one step" : `${answer.plan.steps.length} steps`}`;
    case "undo":
      return `The rollback ${sanitise(answer.rollback, 100)} ${of(answer.role)} is undone, and its drift accepted`;
    case "suppress":
      return `A finding ${of(answer.role)} was suppressed`;
    case "pause":
      return `Rollbacks ${of(answer.role)} are paused until ${answer.until}`;
    case "resume":
      return `Rollbacks ${of(answer.role)} go on`;
    case "reset":
      return `The attempts on ${answer.findings.length === 1 ? "a finding" : `${answer.findings.length} findings`} ${of(answer.role)} are counted anew`;
    case "close":
      return `A call with the guard's credentials on ${sanitise(answer.role)} was closed as dealt with`;
  }
}

function endOf(answer: Answer): string | undefined {
  if ("expires" in answer) return answer.expires;
  return "until" in answer ? answer.until : undefined;
}

function adviseAgainst(answer: Answer): string {
  switch (answer.verb) {
    case "pause":
      return `drift-guard rollback resume${answer.role === undefined ? "" : ` ${sanitise(answer.role)}`}`;
    case "approve":
      return `drift-guard rollback pause ${sanitise(answer.role)} --reason TEXT`;
    case "undo":
    case "suppress":
    case "resume":
    case "reset":
    case "close":
      return "find out who used these credentials, and revoke them.";
  }
}
