import type { Role } from "@drift-guard/core/model/role";
import type { ApiCall } from "@drift-guard/local/recorder/call";
import * as z from "zod";
import { keyOf } from "./account.ts";

const { account } = keyOf("");
const region = "us-east-1";

/** An action on a resource that a caller's policies must allow for a call. */
export interface NeededPermission {
  readonly action: string;
  readonly resource: string;
  /** By lower-cased condition key. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Lists the permissions that a call by a function's code needs, by AWS's Service Authorization Reference. `functionName` is
 * the function's name. Throws for an unknown service.
 */
export function listPermissionsFor(
  { service, action, parameters }: ApiCall,
  functionName: string,
  roles: ReadonlyMap<string, string>,
): readonly NeededPermission[] {
  const source = `arn:aws:lambda:${region}:${account}:function:${functionName}`;
  const text = (name: string) => z.string().catch("").parse(parameters[name]);
  const need = (resource: string, of = action, context = {}): NeededPermission => ({
    action: `${service === "monitoring" ? "cloudwatch" : service}:${of}`,
    resource,
    context: { "lambda:sourcefunctionarn": source, ...context },
  });
  switch (service) {
    case "iam": {
      const role = roles.get(text("roleName").toLowerCase());
      const policy = text("policyArn");
      if (/^(?:Attach|Detach)RolePolicy$/.test(action))
        return [need(role ?? "unknown", action, { "iam:policyarn": policy })];
      if (action === "PutRolePermissionsBoundary")
        return [need(role ?? "unknown", action, { "iam:permissionsboundary": text("permissionsBoundary") })];
      if (role !== undefined) return [need(role)];
      return [need(policy === "" ? "*" : policy)];
    }
    case "dynamodb":
      return listTablePermissions(action, parameters).map(({ of, table }) =>
        need(`arn:aws:dynamodb:${region}:${account}:table/${table}`, of),
      );
    case "sqs":
      return [need(`arn:aws:sqs:${region}:${account}:${text("queueUrl").split("/").at(-1)}`)];
    case "events": {
      const Entries = z.array(z.looseObject({ EventBusName: z.string() }));
      return Entries.parse(parameters.entries).map(({ EventBusName }) =>
        need(
          EventBusName.startsWith("arn:")
            ? EventBusName
            : `arn:aws:events:${region}:${account}:event-bus/${EventBusName}`,
        ),
      );
    }
    case "sns":
      return [need(text("topicArn"))];
    case "securityhub": {
      const hub = (resource: string) => `arn:aws:securityhub:${region}:${account}:${resource}/default`;
      if (action === "BatchImportFindings") return [need(hub(`product/${account}`))];
      const { workflow } = z
        .looseObject({ workflow: z.object({ Status: z.string() }).optional() })
        .parse(parameters);
      const context = workflow && { "securityhub:asffsyntaxpath/workflow.status": workflow.Status };
      return [need(hub("hub"), action, context)];
    }
    case "batch":
    case "cloudtrail":
    case "ssm":
      return [need("*")];
    case "secretsmanager": {
      const id = text("secretId");
      return [
        need(id.startsWith("arn:") ? id : `arn:aws:secretsmanager:${region}:${account}:secret:${id}-AbCdEf`),
      ];
    }
    case "kms": {
      // A call by alias needs the permission on the key behind it.
      const id = text("keyId");
      return [need(id.includes(":key/") ? id : `arn:aws:kms:${region}:${account}:key/behind-${id}`)];
    }
    default:
      throw new Error(
        `The permissions of ${service}:${action} are not known here. Add them to this function.`,
      );
  }
}

const Items = z.array(z.record(z.string(), z.looseObject({ TableName: z.string() })));

function listTablePermissions(
  action: string,
  parameters: ApiCall["parameters"],
): readonly { of: string; table: string }[] {
  if (action === "TransactWriteItems") {
    // Each item of a transaction needs the permission of its own kind: Put needs PutItem.
    return Items.parse(parameters.transactItems).flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]) => ({
        of: kind === "ConditionCheck" ? "ConditionCheckItem" : `${kind}Item`,
        table: TableName,
      })),
    );
  }
  const { tableName, indexName } = z
    .looseObject({ tableName: z.string(), indexName: z.string().optional() })
    .parse(parameters);
  return [{ of: action, table: indexName === undefined ? tableName : `${tableName}/index/${indexName}` }];
}

/** Lists the documents of a role's policies. Throws where one was not read. */
export function listDocuments({ inline, attached }: Role): readonly string[] {
  return [
    ...inline.map(({ text }) => text),
    ...attached.map(({ arn, version }) => {
      if (!version.observed) throw new Error(`${arn} was not read: ${version.why}`);
      return version.value.text;
    }),
  ];
}

/** Lists the actions that a role's policies allow, such as `iam:GetRole`, sorted. */
export function listGrantedActions(role: Role): readonly string[] {
  const Statements = z.looseObject({
    Statement: z.array(
      z.looseObject({ Effect: z.string(), Action: z.union([z.string(), z.array(z.string())]).optional() }),
    ),
  });
  const actions = listDocuments(role).flatMap((text) =>
    Statements.parse(JSON.parse(text)).Statement.flatMap(({ Effect, Action = [] }) =>
      Effect === "Allow" ? Action : [],
    ),
  );
  return [...new Set(actions)].sort();
}
