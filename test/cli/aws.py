"""The AWS CLI calls that the guard's scripts make, through botocore, a dependency of moto."""

import json
import sys

import botocore.session
import jmespath
from botocore import xform_name


def main(arguments):
    service, operation, *rest = arguments
    options, name = {}, ""
    for argument in rest:
        if argument.startswith("--"):
            name = argument[2:]
            options[name] = []
        else:
            options[name].append(argument)
    region = options.pop("region", ["us-east-1"])[0]
    query = options.pop("query", [None])[0]
    output = options.pop("output", ["json"])[0]
    client = botocore.session.get_session().create_client(service, region_name=region)
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = {xform_name(member, "-"): (member, kind) for member, kind in (shape.members if shape else {}).items()}
    parameters = {}
    for option, values in options.items():
        member, kind = members[option]
        if kind.type_name == "list":
            parameters[member] = json.loads(values[0]) if values[0][:1] in "[{" else values
        else:
            (parameters[member],) = values
    answer = getattr(client, method)(**parameters)
    answer.pop("ResponseMetadata", None)
    shown = jmespath.search(query, answer) if query else answer
    if output == "text":
        print("None" if shown is None else shown)
    else:
        print(json.dumps(shown, default=str))


main(sys.argv[1:])
