"""Talks GeoReport v2 with the client of PyPI, which reads only; requests are posted as the standard shows it: BASE TOKEN [OPENAPI]."""

import functools
import sys

import georeport.georeport
import jsonschema
import requests
import yaml

base, token, *described = sys.argv[1:]
posted = requests.post(
    f"{base}/open311/v2/requests.json",
    data={
        "api_key": token, "jurisdiction_id": "city", "service_code": "waterlogging", "lat": "28.9686", "long": "118.8687",
        "description": "Knee deep", "attribute[WHISPAWN]": "123456",
    },
    timeout=30,
)
posted.raise_for_status()
request_id = posted.json()[0]["service_request_id"]

# The client knows no key for reading, which this server asks for.
georeport.georeport.requests.get = functools.partial(requests.get, headers={"Authorization": f"Bearer {token}"}, timeout=30)
seen = []
for output_format in ["json", "xml"]:
    client = georeport.GeoReport(f"{base}/open311/v2", jurisdiction="city", output_format=output_format)
    codes = [service["service_code"] for service in client.get_service_list()]
    assert "waterlogging" in codes, codes
    definition = client.get_service_definition("waterlogging")
    assert definition["service_code"] == "waterlogging", definition
    one = client.get_service_request(request_id)
    one = one[0] if isinstance(one, list) else one
    assert (one["service_request_id"], one["status"], one["description"]) == (request_id, "open", "Knee deep"), one
    several = client.get_service_requests(service_code="waterlogging", status="open")
    several = several if isinstance(several, list) else [several]
    assert request_id in [each["service_request_id"] for each in several], several
    seen.append(one)
assert abs(float(seen[0]["lat"]) - float(seen[1]["lat"])) < 1e-12, "both formats tell the same"

if described:
    with open(described[0]) as file:
        definitions = yaml.safe_load(file)["definitions"]
    check = lambda name, value: jsonschema.Draft4Validator(
        {"$ref": f"#/definitions/{name}", "definitions": definitions}
    ).validate({key: field for key, field in value.items() if field is not None})
    reader = georeport.GeoReport(f"{base}/open311/v2")
    for service in reader.get_service_list():
        check("Service", service)
    for each in reader.get_service_requests():
        check("Request", each)
print("ok")
