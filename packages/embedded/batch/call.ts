/** The parameters of `computeResources` that decide which roles an environment needs. */
export interface ComputeResources {
  readonly type: "EC2" | "SPOT" | "FARGATE" | "FARGATE_SPOT" | "ECS_MANAGED_INSTANCES";
  readonly allocationStrategy?: string;
  readonly instanceRole?: string;
  readonly spotIamFleetRole?: string;
  readonly managedInstancesProvider?: {
    readonly infrastructureRoleArn: string;
    readonly instanceLaunchTemplate?: { readonly ec2InstanceProfileArn: string };
  };
}

/** The EKS cluster on which an environment runs its jobs. */
export interface EksConfiguration {
  readonly eksClusterArn: string;
  readonly kubernetesNamespace: string;
}

/** The parameter of calls on an existing environment. */
interface OnEnvironment {
  /** Name or ARN. */
  readonly computeEnvironment: string;
}

/** A call that writes to AWS Batch, with the API's parameter names. A job definition's properties are stored unchanged. */
export type BatchCall =
  | {
      readonly call: "CreateComputeEnvironment";
      readonly computeEnvironmentName: string;
      readonly type: "MANAGED" | "UNMANAGED";
      readonly state?: "ENABLED" | "DISABLED";
      /** ARN, path and name, or name. Without it, Batch uses its service-linked role. */
      readonly serviceRole?: string;
      readonly computeResources?: ComputeResources;
      readonly eksConfiguration?: EksConfiguration;
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

/** AWS Batch's answer to a call. */
export type BatchAnswer =
  | {
      readonly status: "done";
      readonly requestId: string;
      /** The members of the API's answer. */
      readonly result: Readonly<Record<string, string | number>>;
    }
  | {
      readonly status: "refused";
      readonly requestId: string;
      readonly code: string;
      readonly message: string;
    };
