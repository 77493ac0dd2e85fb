import { at, hasOnly, isArrayOf, isObject, isOneOf, isOptional, isText, type Rule } from "./rules.ts";

/**
 * The rules of custom notifications of Amazon Q Developer in chat applications
 * (https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html, "Event schema" and "Parameter details",
 * read 2026-11).
 */
export const chatRules: readonly Rule[] = [
  { name: "version is 1.0", holds: (d) => at(d, "version") === "1.0" },
  { name: "source is custom", holds: (d) => at(d, "source") === "custom" },
  { name: "id is a text", holds: (d) => isOptional(at(d, "id"), isText) },
  {
    name: "textType is client-markdown",
    holds: (d) => isOptional(at(d, "content", "textType"), (type) => type === "client-markdown"),
  },
  {
    name: "title has at most 250 characters",
    holds: (d) => isOptional(at(d, "content", "title"), (text) => isText(text, 250)),
  },
  {
    name: "description has 1 to 8,000 characters",
    holds: (d) => isText(at(d, "content", "description"), 8000),
  },
  {
    name: "each next step has at most 350 characters",
    holds: (d) =>
      isOptional(at(d, "content", "nextSteps"), (steps) => isArrayOf(steps, (step) => isText(step, 350))),
  },
  {
    name: "each keyword has at most 75 characters",
    holds: (d) =>
      isOptional(at(d, "content", "keywords"), (words) => isArrayOf(words, (word) => isText(word, 75))),
  },
  ...["threadId", "summary", "eventType"].map((key) => ({
    name: `${key} is a text`,
    holds: (d: unknown) => isOptional(at(d, "metadata", key), isText),
  })),
  {
    name: "relatedResources is a list of texts",
    holds: (d) =>
      isOptional(at(d, "metadata", "relatedResources"), (list) => isArrayOf(list, (item) => isText(item))),
  },
  {
    name: "additionalContext maps texts to texts",
    holds: (d) =>
      isOptional(
        at(d, "metadata", "additionalContext"),
        (context) => isObject(context) && Object.values(context).every((value) => typeof value === "string"),
      ),
  },
  {
    name: "enableCustomActions is true or false",
    holds: (d) => isOptional(at(d, "metadata", "enableCustomActions"), (each) => isOneOf(each, true, false)),
  },
  {
    name: "no other field",
    holds: (d) =>
      hasOnly(d, ["version", "source", "id", "content", "metadata"]) &&
      hasOnly(at(d, "content"), ["textType", "title", "description", "nextSteps", "keywords"]) &&
      isOptional(at(d, "metadata"), (metadata) =>
        hasOnly(metadata, [
          "threadId",
          "summary",
          "eventType",
          "relatedResources",
          "additionalContext",
          "enableCustomActions",
        ]),
      ),
  },
];
