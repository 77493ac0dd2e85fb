import { chatLimits } from "./chat.ts";
import { formatProse } from "./chat-text.ts";
import { sanitise } from "./printable.ts";

/** A test message in the forms that subscribers receive. */
export interface TestMessageText {
  readonly subject: string;
  readonly text: string;
  /** JSON in the schema of custom notifications of Amazon Q Developer in chat applications. */
  readonly chat: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Returns the message that shows that the guard's messages arrive. Nothing in it comes from outside but the ids. */
export function formatTestMessage(id: string, account: string): TestMessageText {
  const title = `Test message of drift-guard in account ${sanitise(account, 12)}`;
  const sentences = [
    "Somebody ran `drift-guard notify --test`. Nothing happened to any role.",
    "If you read this, the guard's messages reach you.",
  ];
  return {
    subject: "drift-guard TEST: messages reach you, nothing happened",
    text: `${title}.\n\n${sentences.join("\n")}\n\nTest ${sanitise(id, 40)}\n`,
    chat: JSON.stringify({
      version: "1.0",
      source: "custom",
      id,
      content: {
        textType: "client-markdown",
        title: formatProse(title, chatLimits.title),
        description: sentences.map((text) => formatProse(text, 500)).join("\n"),
        keywords: ["test"],
      },
      metadata: {
        threadId: id,
        summary: formatProse(title, chatLimits.title),
        eventType: "drift-guard.test",
      },
    }),
    attributes: { kind: "test", account: sanitise(account, 12) },
  };
}
