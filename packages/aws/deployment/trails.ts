import {
  type AdvancedEventSelector,
  type CloudTrailClient,
  DescribeTrailsCommand,
  type EventSelector,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
} from "@aws-sdk/client-cloudtrail";
import type { DeployedTrail, Read, TrailSelector } from "@drift-guard/core/model/deployed";
import { readResult } from "./read.ts";

/**
 * Reads the trails that apply to a Region, also those of other Regions and of the organization
 * (`cloudtrail:DescribeTrails`), whether each logs there (`cloudtrail:GetTrailStatus`) and what
 * (`cloudtrail:GetEventSelectors`, in the trail's own Region). Throws nothing.
 */
export async function readTrails(
  clientOf: (region: string) => CloudTrailClient,
  region: string,
): Promise<Read<readonly DeployedTrail[]>> {
  return readResult(
    async () => {
      const { trailList = [] } = await clientOf(region).send(new DescribeTrailsCommand({}));
      return Promise.all(
        trailList.flatMap(({ TrailARN, HomeRegion = region, IncludeGlobalServiceEvents = true }) =>
          TrailARN === undefined
            ? []
            : [
                readTrail(clientOf, {
                  arn: TrailARN,
                  region,
                  home: HomeRegion,
                  global: IncludeGlobalServiceEvents,
                }),
              ],
        ),
      );
    },
    { permission: "cloudtrail:DescribeTrails" },
  );
}

async function readTrail(
  clientOf: (region: string) => CloudTrailClient,
  {
    arn,
    region,
    home,
    global,
  }: { readonly arn: string; readonly region: string; readonly home: string; readonly global: boolean },
): Promise<DeployedTrail> {
  const absent = /TrailNotFound/;
  const [logging, selectors] = await Promise.all([
    readResult(
      async () => {
        const { IsLogging } = await clientOf(region).send(new GetTrailStatusCommand({ Name: arn }));
        return IsLogging === true;
      },
      { permission: "cloudtrail:GetTrailStatus", absent },
    ),
    readResult(
      async () => {
        const answer = await clientOf(home).send(new GetEventSelectorsCommand({ TrailName: arn }));
        return [
          ...(answer.EventSelectors ?? []).map(toBasic),
          ...(answer.AdvancedEventSelectors ?? []).map(toAdvanced),
        ];
      },
      { permission: "cloudtrail:GetEventSelectors", absent },
    ),
  ]);
  return { arn, globalServices: global, logging, selectors };
}

function toBasic({
  ReadWriteType = "All",
  IncludeManagementEvents = true,
  ExcludeManagementEventSources = [],
}: EventSelector): TrailSelector {
  return {
    kind: "basic",
    readWrite: ReadWriteType,
    management: IncludeManagementEvents,
    excludedSources: ExcludeManagementEventSources,
  };
}

function toAdvanced({ FieldSelectors = [] }: AdvancedEventSelector): TrailSelector {
  return {
    kind: "advanced",
    fields: FieldSelectors.map(({ Field = "", Equals = [], NotEquals = [], ...others }) => ({
      field: Field,
      equals: Equals,
      notEquals: NotEquals,
      hasOther: [others.StartsWith, others.EndsWith, others.NotStartsWith, others.NotEndsWith].some(
        (values) => values !== undefined && values.length > 0,
      ),
    })),
  };
}
