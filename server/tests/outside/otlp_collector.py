"""A collector of OpenTelemetry traces and a receiver of webhooks: prints its address, then a JSON line for each span and each webhook.

What is posted to /v1/traces is decoded by OpenTelemetry's own definitions (opentelemetry-proto) and protobuf, neither of them written here.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


def value(one):
    return getattr(one, one.WhichOneof("value"))


def spans(request):
    for resource in request.resource_spans:
        service = {one.key: value(one.value) for one in resource.resource.attributes}.get("service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield {
                    "service": service,
                    "name": span.name,
                    "kind": span.kind,
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "begun": span.start_time_unix_nano,
                    "ended": span.end_time_unix_nano,
                    "failed": span.status.message if span.status.code == 2 else None,
                    "attributes": {one.key: value(one.value) for one in span.attributes},
                }


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            for span in spans(ExportTraceServiceRequest.FromString(body)):
                say({"span": span})
            answer = ExportTraceServiceResponse().SerializeToString()
        else:
            say({"webhook": {"traceparent": self.headers["traceparent"], "event": json.loads(body)}})
            answer = b""
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def say(line):
    print(json.dumps(line), flush=True)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
