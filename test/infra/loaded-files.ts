import { registerHooks } from "node:module";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { aContext, queueEvent } from "../functions/invocations.ts";

// Runs a bundle's handler with a message of its queue, and prints the names of the files that the start and the handler
// loaded. Arguments: the path of index.mjs, and the message.
const [file = "", message = ""] = process.argv.slice(2);
const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    if (url.startsWith("file:")) loaded.push(basename(fileURLToPath(url)));
    return next(url, context);
  },
});
const { handler } = await import(pathToFileURL(file).href);
const atStart = loaded.splice(0);
const response: unknown = await handler(queueEvent(message), aContext());
process.stdout.write(`\n${JSON.stringify({ atStart, later: loaded, response })}\n`);
