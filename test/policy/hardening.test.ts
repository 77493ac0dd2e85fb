import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison, ComparisonOptions } from "@drift-guard/policy/comparison";
import { policy, trust } from "./builders.ts";

const account = "123456789012";
const sister = "210987654321";
const organization = "o-a1b2c3d4e5";
const path = `${organization}/r-ab12/ou-ab12-11111111/`;
const batch = { Service: "batch.amazonaws.com" };
const tasks = { Service: "ecs-tasks.amazonaws.com" };

type Outcome = "hardening" | "possible" | "missing";

/** What a condition on the trust of a service amounts to. */
function judge(
  condition: object,
  { principal = batch, ...options }: ComparisonOptions & { readonly principal?: object } = {},
): Outcome {
  const compared = comparePolicies(trust(principal, condition), trust(principal), { account, ...options });
  assert.deepEqual([compared.relation, compared.excess, compared.undecided], ["narrower", [], []]);
  const { hardening, possibleHardening, missing } = compared;
  const lists = { hardening, possible: possibleHardening, missing };
  const named = (["hardening", "possible", "missing"] as const).filter((name) => lists[name].length > 0);
  assert.equal(named.length, 1, JSON.stringify(compared));
  return named[0] ?? "missing";
}

const idsOf = (grants: Comparison["missing"]) =>
  grants.flatMap(({ principals = [] }) => principals.map(({ id }) => id));

describe("a condition on the source is hardening", () => {
  // Cross-service confused deputy prevention, AWS Batch User Guide, examples 1 and 2.
  for (const environment of ["testCE", "*"]) {
    it(`as AWS Batch's page prints it, for the compute environment ${environment}`, () => {
      const condition = {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: {
          "aws:SourceArn": [
            `arn:aws:batch:us-east-1:${account}:compute-environment/${environment}`,
            `arn:aws:batch:us-east-1:${account}:job/*`,
          ],
        },
      };
      assert.equal(judge(condition), "hardening");
    });
  }

  // Amazon ECS task IAM role, Amazon ECS Developer Guide.
  it("as Amazon ECS's page prints it, for all clusters", () => {
    const condition = {
      ArnLike: { "aws:SourceArn": `arn:aws:ecs:us-west-2:${account}:*` },
      StringEquals: { "aws:SourceAccount": account },
    };
    assert.equal(judge(condition, { principal: tasks }), "hardening");
    // https://github.com/awsdocs/amazon-ecs-developer-guide/issues/208
    const ofTasks = { ArnLike: { "aws:SourceArn": `arn:aws:ecs:*:${account}:task/*` } };
    assert.equal(judge(ofTasks, { principal: tasks }), "hardening");
  });

  // prowler-cloud/prowler PR 2689 looks for the account anywhere among the values.
  it("if one of several values is the own account", () => {
    assert.equal(judge({ StringEquals: { "aws:SourceAccount": [account, sister] } }), "hardening");
    assert.equal(judge({ StringLike: { "aws:SourceAccount": ["2109*", "1234567*"] } }), "hardening");
    const arns = [`arn:aws:batch:*:${sister}:*`, `arn:aws:batch:*:${account}:*`];
    assert.equal(judge({ ArnLike: { "aws:SourceArn": arns } }), "hardening");
  });

  it("if the service of the own account meets it in other words", () => {
    for (const condition of [
      { ArnLike: { "aws:SourceArn": "arn:aws:batch:*:*:compute-environment/*" } },
      { StringLike: { "aws:SourceArn": `arn:aws:batch:*:${account}:*` } },
      { StringNotEquals: { "aws:SourceAccount": sister } },
      { StringEquals: { "aws:SourceAccount": `\${aws:ResourceAccount}` } },
      { Null: { "aws:SourceAccount": "false" } },
      { Bool: { "aws:PrincipalIsAWSService": "true" } },
      { StringEquals: { "aws:PrincipalServiceName": "batch.amazonaws.com" } },
    ]) {
      assert.equal(judge(condition), "hardening", JSON.stringify(condition));
    }
  });

  it("if it is on the organisation that the options name", () => {
    const options = { organization, organizationPaths: [path] };
    for (const condition of [
      { StringEquals: { "aws:SourceOrgID": organization } },
      { StringEquals: { "aws:SourceOrgID": ["o-other12345", organization] } },
      { "ForAnyValue:StringLike": { "aws:SourceOrgPaths": `${organization}/*` } },
      { StringEquals: { "aws:SourceOrgID": `\${aws:ResourceOrgID}` } },
    ]) {
      assert.equal(judge(condition, { organization }), "hardening", JSON.stringify(condition));
      assert.equal(judge(condition, options), "hardening", JSON.stringify(condition));
    }
    const unit = { "ForAnyValue:StringLike": { "aws:SourceOrgPaths": [`${path}*`] } };
    assert.equal(judge(unit, options), "hardening");
  });

  it("on the principal's organisation, if a service meets it without the key", () => {
    assert.equal(judge({ StringEqualsIfExists: { "aws:PrincipalOrgID": organization } }), "hardening");
  });
});

describe("a condition on an organisation may be hardening", () => {
  it("if the options name none", () => {
    for (const condition of [
      { StringEquals: { "aws:SourceOrgID": organization } },
      { StringEqualsIfExists: { "aws:SourceOrgID": organization } },
      { "ForAnyValue:StringLike": { "aws:SourceOrgPaths": `${organization}/*` } },
      { StringLike: { "aws:SourceOrgID": "o-*" } },
    ]) {
      assert.equal(judge(condition), "possible", JSON.stringify(condition));
    }
  });

  it("if it is on a unit of the organisation and the options do not name the account's", () => {
    const unit = { "ForAnyValue:StringLike": { "aws:SourceOrgPaths": `${path}*` } };
    assert.equal(judge(unit, { organization }), "possible");
    const paths = [path, `${organization}/r-ab12/ou-ab12-22222222/`];
    assert.equal(judge(unit, { organization, organizationPaths: paths }), "possible");
  });
});

describe("a condition shuts the service out", () => {
  it("if no value is of the own account, organisation or unit", () => {
    const options = { organization, organizationPaths: [path] };
    for (const condition of [
      { StringEquals: { "aws:SourceAccount": [sister, "999988887777"] } },
      { StringLike: { "aws:SourceArn": "arn:aws:batch:*:999988887777:*" } },
      { StringEquals: { "aws:SourceOrgID": "o-other12345" } },
      { "ForAnyValue:StringLike": { "aws:SourceOrgPaths": "o-other12345/*" } },
      { "ForAnyValue:StringLike": { "aws:SourceOrgPaths": `${organization}/r-ab12/ou-ab12-22222222/*` } },
    ]) {
      assert.equal(judge(condition, options), "missing", JSON.stringify(condition));
    }
  });

  it("if two conditions have no value of the own account in common", () => {
    const arn = (owner: string, name: string) => `arn:aws:batch:*:${owner}:compute-environment/${name}`;
    const condition = {
      ArnLike: { "aws:SourceArn": [arn(account, "a"), arn(sister, "*")] },
      ArnEquals: { "aws:SourceArn": [arn(account, "b"), arn(sister, "*")] },
    };
    assert.equal(judge(condition), "missing");
  });

  // Amazon ECS task IAM role: "specify a specific cluster is not currently supported".
  it("if it names one ECS cluster", () => {
    const condition = { ArnLike: { "aws:SourceArn": `arn:aws:ecs:us-west-2:${account}:task/prod/*` } };
    assert.equal(judge(condition, { principal: tasks }), "missing");
  });

  // https://github.com/aws-samples/amazon-cloudwatch-auto-alarms/pull/63: the Principal* keys do not work for services.
  it("if it requires the principal's organisation, which a service does not have", () => {
    for (const condition of [
      { StringEquals: { "aws:PrincipalOrgID": organization } },
      { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": `${organization}/*` } },
      { StringEquals: { "aws:PrincipalOrgID": organization, "aws:SourceAccount": account } },
    ]) {
      assert.equal(judge(condition, { organization }), "missing", JSON.stringify(condition));
    }
  });
});

describe("conditions of a statement with several principals", () => {
  const own = { StringEquals: { "aws:SourceAccount": account } };

  it("are hardening for each service that meets them, whatever other principals it names", () => {
    const candidate = trust({ Service: ["batch.amazonaws.com", "ec2.amazonaws.com"], AWS: account }, own);
    const reference = trust({ Service: ["batch.amazonaws.com", "ec2.amazonaws.com"] });
    const { hardening, missing } = comparePolicies(candidate, reference, { account });
    assert.deepEqual([idsOf(hardening), idsOf(missing)], [["batch.amazonaws.com"], ["ec2.amazonaws.com"]]);
  });

  it("leave an added principal as the only difference beside the hardening", () => {
    for (const principal of [
      { Service: ["batch.amazonaws.com", "lambda.amazonaws.com"] },
      { Service: "batch.amazonaws.com", AWS: "999988887777" },
    ]) {
      const candidate = trust(principal, { StringEqualsIfExists: { "aws:SourceAccount": account } });
      const { excess, missing, hardening } = comparePolicies(candidate, trust(batch), { account });
      assert.deepEqual([idsOf(excess).length, missing, idsOf(hardening)], [1, [], ["batch.amazonaws.com"]]);
    }
  });

  it("are hardening for a service that a wildcard stands for", () => {
    const own = { StringEquals: { "aws:SourceAccount": account } };
    const { excess, missing, hardening } = comparePolicies(trust("*", own), trust(batch), { account });
    assert.deepEqual([excess.length, missing, idsOf(hardening)], [1, [], ["batch.amazonaws.com"]]);
  });

  it("are judged for each service by its own ARNs", () => {
    const services = { Service: ["batch.amazonaws.com", "ecs-tasks.amazonaws.com"] };
    const ofBatch = { ArnLike: { "aws:SourceArn": `arn:aws:batch:*:${account}:*` } };
    const { hardening, missing } = comparePolicies(trust(services, ofBatch), trust(services), { account });
    assert.deepEqual(
      [idsOf(hardening), idsOf(missing)],
      [["batch.amazonaws.com"], ["ecs-tasks.amazonaws.com"]],
    );
  });
});

describe("a Deny on the source", () => {
  const job = `arn:aws:batch:*:${account}:job/*`;
  const environment = `arn:aws:batch:*:${account}:compute-environment/*`;
  /** Trusts AWS Batch, and denies everyone, or some principals, requests that meet a condition. */
  const denying = (
    condition: object,
    { principal = "*" as object | string, allowed = batch as object, own = {} } = {},
  ) =>
    policy(
      { Effect: "Allow", Principal: allowed, Action: "sts:AssumeRole", Condition: own },
      { Effect: "Deny", Principal: principal, Action: "sts:AssumeRole", Condition: condition },
    );
  const judgeDeny = (candidate: string, options: ComparisonOptions = {}) => {
    const compared = comparePolicies(candidate, trust(batch), { account, ...options });
    assert.deepEqual([compared.excess, compared.undecided], [[], []]);
    const { missing, hardening, possibleHardening, deniesAdded } = compared;
    assert.equal(deniesAdded.length, 1);
    return [missing, hardening, possibleHardening].map((grants) => grants.length);
  };

  it("is hardening if a service that acts for the own account escapes it", () => {
    for (const condition of [
      { StringNotEquals: { "aws:SourceAccount": account } },
      { StringNotEqualsIfExists: { "aws:SourceAccount": [sister, account] } },
      { StringEquals: { "aws:SourceAccount": sister } },
      { ArnNotLike: { "aws:SourceArn": `arn:aws:batch:*:${account}:*` } },
      { StringNotEquals: { "aws:SourceAccount": account }, NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
    ]) {
      for (const principal of ["*", batch]) {
        assert.deepEqual(judgeDeny(denying(condition, { principal })), [0, 1, 0], JSON.stringify(condition));
      }
    }
  });

  it("is judged together with the conditions of the Allow", () => {
    const notJob = { ArnNotLike: { "aws:SourceArn": job } };
    assert.deepEqual(judgeDeny(denying(notJob, { own: { ArnLike: { "aws:SourceArn": job } } })), [0, 1, 0]);
    assert.deepEqual(
      judgeDeny(denying(notJob, { own: { ArnLike: { "aws:SourceArn": environment } } })),
      [1, 0, 0],
    );
  });

  // AWS IAM User Guide, "Establish permissions guardrails using data perimeters".
  it("is hardening as the data perimeter has it, if the organisation is known, and else may be", () => {
    const perimeter = denying({
      StringNotEqualsIfExists: { "aws:SourceOrgID": organization },
      Null: { "aws:SourceAccount": "false" },
      Bool: { "aws:PrincipalIsAWSService": "true" },
    });
    assert.deepEqual(judgeDeny(perimeter, { organization }), [0, 1, 0]);
    assert.deepEqual(judgeDeny(perimeter), [0, 0, 1]);
    assert.deepEqual(judgeDeny(perimeter, { organization: "o-other12345" }), [1, 0, 0]);
  });

  it("shuts the service out otherwise", () => {
    for (const condition of [
      { StringEquals: { "aws:SourceAccount": account } },
      { StringNotEquals: { "aws:SourceAccount": sister } },
      { NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
      { StringEquals: { "aws:SourceAccount": account }, NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
    ]) {
      assert.deepEqual(judgeDeny(denying(condition)), [1, 0, 0], JSON.stringify(condition));
    }
  });

  it("is judged for each principal that the other side allows", () => {
    const allowed = { Service: ["batch.amazonaws.com", "ec2.amazonaws.com"], AWS: account };
    const candidate = denying({ StringNotEquals: { "aws:SourceAccount": account } }, { allowed });
    const { hardening, missing } = comparePolicies(candidate, trust(allowed), { account });
    assert.deepEqual(idsOf(hardening), ["batch.amazonaws.com"]);
    assert.deepEqual(idsOf(missing), [`arn:aws:iam::${account}:root`, "ec2.amazonaws.com"]);
  });
});

describe("a trust policy of another partition", () => {
  const at = (partition: string) => `arn:${partition}:batch:*:${account}:*`;

  it("is hardened by ARNs of that partition", () => {
    for (const partition of ["aws-cn", "aws-us-gov", "aws-eusc"]) {
      const condition = { ArnLike: { "aws:SourceArn": at(partition) } };
      assert.equal(judge(condition, { partition }), "hardening");
      assert.equal(judge(condition), "missing");
    }
  });

  // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/1704
  it("keeps the name and the condition key of an identity provider", () => {
    const issuer = "oidc.eks.cn-north-1.amazonaws.com.cn/id/0123456789ABCDEF";
    const provider = `arn:aws-cn:iam::${account}:oidc-provider/${issuer}`;
    const candidate = policy({
      Effect: "Allow",
      Principal: { Federated: provider },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { [`${issuer}:sub`]: "system:serviceaccount:jobs:runner" } },
    });
    const { excess } = comparePolicies(candidate, policy(), { partition: "aws-cn" });
    assert.deepEqual(excess[0]?.principals, [{ type: "Federated", id: provider }]);
    assert.equal(excess[0]?.conditions[0]?.key, `${issuer}:sub`);
  });
});
