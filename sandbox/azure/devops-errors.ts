/** An error in Azure DevOps's shape. `typeKey` is what clients tell errors apart by. */
export class DevOpsError extends Error {
  readonly status: number;
  readonly typeKey: string;

  constructor(status: number, typeKey: string, message: string) {
    super(message);
    this.status = status;
    this.typeKey = typeKey;
  }

  body(): unknown {
    return {
      $id: '1',
      innerException: null,
      message: this.message,
      typeName: `Microsoft.TeamFoundation.${this.typeKey}`,
      typeKey: this.typeKey,
      errorCode: 0,
      eventId: 3000,
    };
  }
}

export const devopsErrors = {
  noProject: (name: string) =>
    new DevOpsError(
      404,
      'ProjectDoesNotExistWithNameException',
      `TF200016: The following project does not exist: ${name}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
    ),
  noBuild: (id: string) =>
    new DevOpsError(404, 'BuildNotFoundException', `The requested build ${id} could not be found.`),
  noArtifact: (name: string, id: number) =>
    new DevOpsError(404, 'ArtifactNotFoundException', `Artifact ${name} was not found for build ${id}.`),
  noPipeline: (id: string) =>
    new DevOpsError(404, 'PipelineNotFoundException', `No pipeline was found with id ${id}.`),
  noConnection: (id: string) =>
    new DevOpsError(404, 'ServiceEndpointNotFoundException', `Service connection with id ${id} not found.`),
  notYourPlan: (planId: string) =>
    new DevOpsError(
      403,
      'TaskOrchestrationPlanSecurityException',
      `TF24668: The following team project collection has denied access to the plan ${planId}: it has ended or is not the token's own.`,
    ),
  notFound: (what: string) => new DevOpsError(404, 'VssResourceNotFoundException', `${what} was not found.`),
  invalid: (message: string) => new DevOpsError(400, 'InvalidArgumentValueException', message),
};
