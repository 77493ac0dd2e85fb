import { parseIamArn } from "../model/arn.ts";
import { localiseReference } from "../reference/built-in.ts";
import { isOneLine, manual, type Proposal, type ProposalQuestion } from "./proposal.ts";

/** Returns what may fix a service-linked role: its creation, where it is absent. */
export function proposeForLinkedRole({ reading, watched }: ProposalQuestion): Proposal {
  const { serviceLinked: service = "", path } = watched.reference;
  if (reading.status === "absent") {
    return {
      candidates: [{ steps: [{ role: reading.name, call: "iam:CreateServiceLinkedRole", service }] }],
      otherwise: `Create the service-linked role of ${service} again.`,
    };
  }
  return reading.role.path === path
    ? manual(
        `Only AWS may change a service-linked role, and no call of yours can attach, detach or write a policy of it. If it stays so, open a support case, or delete it with drift-guard slr and let ${service} create it again.`,
      )
    : manual(
        `This is another role of the same name, and IAM can neither rename it nor hold two of one name. Give what uses it another role and delete it; then ${service} can create its own.`,
      );
}

/** Returns what may fix an absent role: its creation at each path at which it may be looked for. */
export function proposeCreation({ reading, watched, uses, partition }: ProposalQuestion): Proposal {
  const { reference, guarded } = watched;
  const { trust, boundary, description, maxSession, tags } = localiseReference(reference, partition);
  const settings = {
    ...(typeof boundary === "object" && { boundary: boundary.arn }),
    ...(description && isOneLine(description) && { description }),
    ...(maxSession !== undefined && { maxSession }),
    ...(tags && Object.keys(tags).length > 0 && { tags }),
  };
  const name = reading.status === "absent" ? reading.name : watched.name;
  // Batch and ECS assume a role by its ARN, which holds the path (2.8, 2.9).
  const users = Map.groupBy(
    uses.flatMap(({ arn, otherAccount }) =>
      arn === undefined || otherAccount ? [] : (parseIamArn(arn)?.path ?? []),
    ),
    (path) => path,
  );
  const used = [...users].sort(([, some], [, others]) => others.length - some.length).map(([path]) => path);
  const expected = guarded.paths.includes("/") ? "/" : (guarded.paths[0] ?? "/");
  const paths = reference.path === undefined ? [...used, expected] : [reference.path];
  return {
    candidates: [...new Set(paths)].map((path) => ({
      steps: [{ role: name, call: "iam:CreateRole", path, document: trust, ...settings }],
    })),
    otherwise: `Create ${name} with the trust and the policies of its reference. Not all of it can be tried here.`,
  };
}
