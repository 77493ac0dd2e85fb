import type { MigrationReport } from "@drift-guard/guard/sweep/migration";
import * as z from "zod";

/** The guard's function could not be asked to migrate, or failed; the text says what to do. */
export class MigrationFailedError extends Error {
  override readonly name = "MigrationFailedError";
}

const Response = z.looseObject({
  migration: z.object({
    roles: z.number(),
    transitions: z.number(),
    unreadable: z.array(z.string()),
    left: z.array(z.string()),
  }),
});
const Failure = z.looseObject({ errorMessage: z.string() });

/** Asks the function sweep of a deployment, by its ARN, to migrate roles. Throws `MigrationFailedError`. */
export async function invokeMigration(
  functionArn: string,
  region: string,
  roles: readonly string[],
): Promise<MigrationReport> {
  const [{ InvokeCommand, LambdaClient }, { errorCodeOf, formatFailure }] = await Promise.all([
    import("@aws-sdk/client-lambda"),
    import("@drift-guard/aws/failure"),
  ]);
  const command = new InvokeCommand({
    FunctionName: functionArn,
    Payload: Buffer.from(JSON.stringify({ migrate: { roles } })),
  });
  const { FunctionError, Payload } = await new LambdaClient({ region })
    .send(command)
    .catch((cause: unknown) => {
      throw new MigrationFailedError(
        errorCodeOf(cause) === "ResourceNotFound"
          ? `The function ${functionArn} does not exist: deploy the guard, or check the stage and the Region.`
          : `The guard was not asked to migrate: ${formatFailure(cause, "lambda:InvokeFunction")}`,
        { cause },
      );
    });
  const answer = parseJson(Buffer.from(Payload ?? []).toString("utf8"));
  const response = FunctionError === undefined ? Response.safeParse(answer).data : undefined;
  if (response) return response.migration;
  const why = Failure.safeParse(answer).data?.errorMessage;
  throw new MigrationFailedError(
    why === undefined
      ? "The guard did not migrate: its function sweep is of an older version. Deploy this version first."
      : `The guard could not migrate: ${why} Run the command again: what is migrated stays so.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
