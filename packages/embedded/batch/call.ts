/** What a compute environment's instances are, as far as roles go. */
export interface ComputeResources {
  readonly type: "EC2" | "SPOT" | "FARGATE" | "FARGATE_SPOT" | "ECS_MANAGED_INSTANCES";
  readonly allocationStrategy?: string;
  readonly instanceRole?: string;
  readonly spotIamFleetRole?: string;
  readonly managedInstancesProvider?: { readonly infrastructureRoleArn: string };
}

interface OnEnvironment {
  /** Name or ARN. */
  readonly computeEnvironment: string;
}

/** A writing call to AWS Batch, with its own parameter names; what a job definition holds is kept whole. */
export type BatchCall =
  | {
      readonly call: "CreateComputeEnvironment";
      readonly computeEnvironmentName: string;
      readonly type: "MANAGED" | "UNMANAGED";
      readonly state?: "ENABLED" | "DISABLED";
      /** ARN, path and name, or bare name; left out or empty, Batch takes its own. */
      readonly serviceRole?: string;
      readonly computeResources?: ComputeResources;
    }
  | (OnEnvironment & {
      readonly call: "UpdateComputeEnvironment";
      readonly state?: "ENABLED" | "DISABLED";
      readonly serviceRole?: string;
      readonly computeResources?: Partial<ComputeResources>;
    })
  | (OnEnvironment & { readonly call: "DeleteComputeEnvironment" })
  | {
      readonly call: "CreateJobQueue";
      readonly jobQueueName: string;
      readonly priority: number;
      readonly computeEnvironmentOrder: readonly (OnEnvironment & { readonly order: number })[];
    }
  | { readonly call: "DeleteJobQueue"; readonly jobQueue: string }
  | {
      readonly call: "RegisterJobDefinition";
      readonly jobDefinitionName: string;
      readonly type: "container" | "multinode";
      readonly platformCapabilities?: readonly ("EC2" | "FARGATE")[];
      readonly containerProperties?: object;
      readonly nodeProperties?: object;
      readonly ecsProperties?: object;
      readonly eksProperties?: object;
    }
  | { readonly call: "DeregisterJobDefinition"; readonly jobDefinition: string };

/** What AWS Batch answers; `made` is the answer's own fields. */
export type BatchAnswer =
  | {
      readonly status: "done";
      readonly requestId: string;
      readonly result: Readonly<Record<string, string | number>>;
    }
  | {
      readonly status: "refused";
      readonly requestId: string;
      readonly code: string;
      readonly message: string;
    };
