/**
 * Returns CloudTrail's answer to a question about the account's trails; undefined for another call. The recorder stands for
 * one trail of all Regions that logs every management event.
 */
export function describeOwnTrail(action: string, account: string): object | undefined {
  const arn = `arn:aws:cloudtrail:us-east-1:${account}:trail/recorder`;
  switch (action) {
    case "DescribeTrails":
      return {
        trailList: [
          {
            Name: "recorder",
            TrailARN: arn,
            HomeRegion: "us-east-1",
            IsMultiRegionTrail: true,
            IncludeGlobalServiceEvents: true,
          },
        ],
      };
    case "GetTrailStatus":
      return { IsLogging: true };
    case "GetEventSelectors":
      return {
        TrailARN: arn,
        EventSelectors: [{ ReadWriteType: "All", IncludeManagementEvents: true, DataResources: [] }],
      };
    default:
      return undefined;
  }
}
