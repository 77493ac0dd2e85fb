import * as z from "zod";

/** A notice as a subscriber of the topic receives it. */
interface Received {
  readonly text: string;
  readonly chat: string;
}

const Chat = z.looseObject({ id: z.string().min(1) });

/** The ids of the transitions that a message tells. */
export function toldIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/(?<=\s)([^\s#]+#\d+)(?=\s)/g)].map(([, id = ""]) => id))];
}

/**
 * What a subscriber hears that keeps the first copy of each message and drops the others, which have the same id: the ids of
 * the transitions by the id of the message, in the order of the messages.
 */
export function hear(messages: readonly Received[]): ReadonlyMap<string, readonly string[]> {
  const heard = new Map<string, readonly string[]>();
  for (const { text, chat } of messages) {
    const { id } = Chat.parse(JSON.parse(chat));
    if (!heard.has(id)) heard.set(id, toldIn(text));
  }
  return heard;
}
