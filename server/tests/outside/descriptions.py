"""Holds the descriptions of the interface against their standards: BASE TOKEN ASYNCAPI_SCHEMA."""

import json
import sys

import jsonschema
import openapi_spec_validator
import requests

base, token, schema_file = sys.argv[1:]
get = lambda path: requests.get(base + path, headers={"Authorization": f"Bearer {token}"}, timeout=30)

asyncapi = get("/v1/asyncapi.json").json()
with open(schema_file) as file:
    schema = json.load(file)
errors = sorted(jsonschema.Draft7Validator(schema).iter_errors(asyncapi), key=lambda e: len(list(e.path)))
for error in errors[:5]:
    print("asyncapi.json at", list(error.path), error.message[:300], file=sys.stderr)
if errors:
    sys.exit(1)

# Every event of the feed is as the description says.
event_schema = {"$ref": "#/components/schemas/CloudEvent", "components": asyncapi["components"]}
validator = jsonschema.Draft202012Validator(event_schema, format_checker=jsonschema.FormatChecker())
events = get("/v1/feed?limit=1000").json()["events"]
for event in events:
    validator.validate(event)
openapi = get("/v1/openapi.json").json()
openapi_spec_validator.validate(openapi, cls=openapi_spec_validator.OpenAPIV31SpecValidator)

print(f"{len(openapi['paths'])} paths, {len(asyncapi['channels'])} channels, {len(events)} events")
